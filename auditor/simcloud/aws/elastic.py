"""The steps of Auto Scaling: members that conform to the template, and templates that change.

The caller holds the lock of the estate. A step records what CloudTrail would.
"""

from __future__ import annotations

import copy

from auditor.simcloud.aws import changes, openings, records, scaling, templates
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.events import REMOVED, Trail
from auditor.simcloud.aws.identities import iam_id
from auditor.simcloud.aws.wire import Resource


def pick_group(region: Region) -> str:
    """Return the first scaling group that has members."""
    for name in region.scaling_groups.ids():
        if region.members_of.get(name):
            return name
    raise LookupError(f"no scaling group with members in {region.account}/{region.name}")


def specification(group: Resource) -> Resource:
    """Return which launch template a scaling group names."""
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    found: Resource = group.get("LaunchTemplate") or mixed["LaunchTemplateSpecification"]
    return found


def launch_member(trail: Trail, name: str) -> str:
    """Launch one more member of a scaling group, as its template says."""
    region = trail.region
    wanted = specification(region.scaling_groups.get(name))
    template = region.templates.get(wanted["LaunchTemplateId"])
    version = templates.resolve(template, wanted["Version"])
    key = f"{wanted['LaunchTemplateId']}/{version}"
    data = region.template_versions.get(key)["launchTemplateData"]
    others = region.members_of[name]
    model = changes.like(region, others[region.created % len(others)])
    interfaces = data.get("networkInterfaceSet", [{}])
    ids = data.get("securityGroupIdSet") or interfaces[0]["groupSet"]
    groups = [{"groupId": id_, "groupName": region.groups.get(id_)["groupName"]} for id_ in ids]
    instance_id = changes.launch(trail, model, groups)
    _conform(region, instance_id, data, version)
    if interfaces[0].get("associatePublicIpAddress"):
        openings.set_public_address(region, instance_id)
    instance = region.instances.get(instance_id)
    region.add_member(scaling.member(instance, name, template, version))
    _resize(region, name)
    source = {"launchTemplateId": template["launchTemplateId"], "version": version}
    records.launched(trail, instance_id, template=source)
    return instance_id


def attach_member(trail: Trail, name: str, instance_id: str) -> None:
    """Make an instance that runs already a member of a scaling group, of no template.

    Auto Scaling's own calls are not in the trail of EC2.
    """
    region = trail.region
    instance = region.instances.edit(instance_id)
    template = {"launchTemplateId": "", "launchTemplateName": ""}
    member = scaling.member(instance, name, template, "")
    del member["LaunchTemplate"]
    region.add_member(member)
    instance["tagSet"] = [*instance["tagSet"], {"key": "aws:autoscaling:groupName", "value": name}]
    _resize(region, name)


def remove_member(trail: Trail, name: str) -> str:
    """Terminate the member of a scaling group that it lists first."""
    instance_id = trail.region.members_of[name][0]
    trail.region.remove_member(instance_id)
    _resize(trail.region, name)
    changes.terminate(trail, instance_id)
    return instance_id


def new_version(trail: Trail, template_id: str, changed: Resource) -> str:
    """Add a version of a launch template like the newest but for some data; make it the default."""
    region = trail.region
    template = region.templates.edit(template_id)
    newest = f"{template_id}/{template['latestVersionNumber']}"
    number = template["latestVersionNumber"] + 1
    version = copy.deepcopy(region.template_versions.get(newest))
    version["launchTemplateData"] |= changed
    version |= {
        "versionNumber": number,
        "versionDescription": "",
        "createTime": trail.moment,
        "createdBy": trail.who.identity(region.account, trail.moment)["arn"],
        "defaultVersion": True,
    }
    old = f"{template_id}/{template['defaultVersionNumber']}"
    region.template_versions.edit(old)["defaultVersion"] = False
    key = f"{template_id}/{number}"
    region.template_versions.add(key, version)
    template |= {"latestVersionNumber": number, "defaultVersionNumber": number}
    _record_version(trail, version, changed)
    return key


def _record_version(trail: Trail, version: Resource, changed: Resource) -> None:
    template_id, number = version["launchTemplateId"], version["versionNumber"]
    data: Resource = {}
    if "metadataOptions" in changed:
        options = changed["metadataOptions"]
        data["MetadataOptions"] = {name[0].upper() + name[1:]: options[name] for name in options}
    if "userData" in changed:
        data["UserData"] = REMOVED
    wanted = {
        "LaunchTemplateId": template_id,
        "SourceVersion": number - 1,
        "LaunchTemplateData": data,
    }
    shown = {name: version[name] for name in version if name != "launchTemplateData"}
    answer = {"launchTemplateVersion": shown}
    trail.record_nested("CreateLaunchTemplateVersion", wanted, answer)
    trail.record_nested(
        "ModifyLaunchTemplate",
        {"LaunchTemplateId": template_id, "SetDefaultVersion": number},
        {"launchTemplate": {"launchTemplateId": template_id, "defaultVersionNumber": number}},
    )


def _conform(region: Region, instance_id: str, data: Resource, version: str) -> None:
    """Give a new member what its template says and its model may not have."""
    instance = region.instances.edit(instance_id)
    instance |= {
        "imageId": data["imageId"],
        "instanceType": data["instanceType"],
        "architecture": region.images.get(data["imageId"])["architecture"],
        "metadataOptions": {"state": "applied", **data["metadataOptions"]},
        "monitoring": {"state": "enabled" if data["monitoring"]["enabled"] else "disabled"},
    }
    instance.pop("iamInstanceProfile", None)
    if "iamInstanceProfile" in data:
        arn = data["iamInstanceProfile"]["arn"]
        id_ = iam_id("AIPA", region.account, arn.rpartition("/")[2])
        instance["iamInstanceProfile"] = {"arn": arn, "id": id_}
    for tag in instance["tagSet"]:
        if tag["key"] == "aws:ec2launchtemplate:version":
            tag["value"] = version
    region.attributes.edit(instance_id)["userData"] = data["userData"]


def _resize(region: Region, name: str) -> None:
    group = region.scaling_groups.edit(name)
    group["DesiredCapacity"] = len(region.members_of[name])
    group["MaxSize"] = max(group["MaxSize"], group["DesiredCapacity"])
    group["MinSize"] = min(group["MinSize"], group["DesiredCapacity"])
