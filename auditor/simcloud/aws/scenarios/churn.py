"""Benign churn: what happens in every account, and is no finding."""

from __future__ import annotations

import random

from auditor.simcloud.aws import changes, openings, records
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.events import MOMENT, PLATFORM, Principal, Trail
from auditor.simcloud.aws.scenarios.groups import asg_scale
from auditor.simcloud.aws.scenarios.stage import Touched, acting
from auditor.simcloud.aws.wire import Resource


def churn_public_addresses(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = PLATFORM,
    moment: str = MOMENT,
) -> Touched:
    """Benign: stop and start an instance, which changes an address that is not elastic."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        instance_id = changes.pick(
            here, openings.has_passing_address, "with a passing public address"
        )
        records.state_changed(trail, "StopInstances", instance_id, "running", "stopping")
        records.state_changed(trail, "StartInstances", instance_id, "stopped", "pending")
        openings.restart(trail, instance_id)
        card = here.instances.get(instance_id)["networkInterfaceSet"][0]
    return {"instances": [instance_id], "interfaces": [card["networkInterfaceId"]]}


def rewrite_rules(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = PLATFORM,
    moment: str = MOMENT,
) -> Touched:
    """Benign: delete and add again every rule, so that ids and order change and nothing else."""
    touched: Touched = {"groups": [], "rules": []}
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        old = {group_id: list(ids) for group_id, ids in here.rules_of.items()}
        rules = {id_: here.rules.get(id_) for ids in old.values() for id_ in ids}
        here.clear_rules()
        for group_id, ids in old.items():
            touched["groups"].append(group_id)
            added = []
            for id_ in reversed(ids):
                new = changes.fresh(here, "sgr")
                arn = here.arn("security-group-rule", new)
                named = {"securityGroupRuleId": new, "securityGroupRuleArn": arn}
                added.append(rules[id_] | named)
                touched["rules"].append(here.add_rule(added[-1]))
            _record_rewrite(trail, group_id, added)
    return touched


def _record_rewrite(trail: Trail, group_id: str, rules: list[Resource]) -> None:
    for side, egress in (("Ingress", False), ("Egress", True)):
        items = [openings.logged_rule(rule) for rule in rules if rule["isEgress"] == egress]
        if not items:
            continue
        wanted = {"groupId": group_id, "ipPermissions": {}}
        trail.record(f"RevokeSecurityGroup{side}", wanted)
        answer = {"_return": True, "securityGroupRuleSet": {"items": items}}
        trail.record(f"AuthorizeSecurityGroup{side}", wanted, answer)


def shuffle(
    estate: Estate, account: str, region: str, *, seed: int = 1, inside: int = 1000
) -> Touched:
    """Benign: list everything in another order, also inside the first `inside` instances."""
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    with estate.lock:
        here = estate.region(account, region)
        for instance_id in (touched := here.instances.ids()[:inside]):
            instance = here.instances.edit(instance_id)
            for name in ("tagSet", "groupSet", "blockDeviceMapping"):
                rng.shuffle(instance[name])
        for collection in here.collections:
            collection.shuffle(rng)
        for group_id, ids in here.rules_of.items():
            rng.shuffle(ids)
            here.groups.forget(group_id)
    return {"instances": touched}


def scale_out(
    estate: Estate, account: str, region: str, *, count: int = 2, moment: str = MOMENT
) -> Touched:
    """Benign: an Auto Scaling group launches more members."""
    return asg_scale(estate, account, region, by=count, moment=moment)
