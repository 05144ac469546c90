"""What happens to Auto Scaling groups, and an instance that only looks like a member."""

from __future__ import annotations

import base64

from auditor.simcloud.aws import changes, elastic, records
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.events import ATTACKER, AUTO_SCALING, MOMENT, Principal
from auditor.simcloud.aws.scenarios.stage import Touched, acting


def asg_scale(
    estate: Estate,
    account: str,
    region: str,
    *,
    by: int = 2,
    who: Principal = AUTO_SCALING,
    moment: str = MOMENT,
) -> Touched:
    """Benign: a scaling group launches members as its template says, or drops the oldest.

    `by` is how many come, or go where it is negative.
    """
    with acting(estate, account, region, who, moment) as trail:
        name = elastic.pick_group(trail.region)
        if by < 0:
            going = min(-by, len(trail.region.members_of[name]))
            ids = [elastic.remove_member(trail, name) for _ in range(going)]
        else:
            ids = [elastic.launch_member(trail, name) for _ in range(by)]
    return {"instances": ids, "scaling_groups": [name]}


def asg_new_template_version(
    estate: Estate,
    account: str,
    region: str,
    *,
    script: str = "#!/bin/sh\n/tmp/run\n",
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Make a weaker version of a group's launch template the default: IMDSv1, another script.

    Members that the group launches from then on conform to it; see `asg_scale`.
    """
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        name = elastic.pick_group(here)
        wanted = elastic.specification(here.scaling_groups.get(name))
        template_id = wanted["LaunchTemplateId"]
        latest = here.templates.get(template_id)["latestVersionNumber"]
        data = here.template_versions.get(f"{template_id}/{latest}")["launchTemplateData"]
        changed = {
            "metadataOptions": data["metadataOptions"] | {"httpTokens": "optional"},
            "userData": base64.b64encode(script.encode()).decode(),
        }
        key = elastic.new_version(trail, template_id, changed)
    return {"scaling_groups": [name], "templates": [template_id], "template_versions": [key]}


def attach_member(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Launch an instance and attach it to a group, which lists it as its member then.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/attach-instance-asg.html
    """
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        name = elastic.pick_group(here)
        model_id = changes.pick(here, lambda i: not changes.is_scaled(i), "of its own")
        groups = here.instances.get(model_id)["groupSet"]
        instance_id = changes.launch(trail, changes.like(here, model_id), groups)
        records.launched(trail, instance_id)
        elastic.attach_member(trail, name, instance_id)
    return {"instances": [instance_id], "scaling_groups": [name]}


def rogue_member(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Launch an instance with the tags of a group's members, which the group knows nothing of."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        name = elastic.pick_group(here)
        model_id = here.members_of[name][0]
        groups = here.instances.get(model_id)["groupSet"]
        instance_id = changes.launch(trail, changes.like(here, model_id), groups)
        records.launched(trail, instance_id)
    return {"instances": [instance_id], "models": [model_id]}
