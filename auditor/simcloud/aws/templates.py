"""Launch templates of the Auto Scaling groups, with three versions each."""

from __future__ import annotations

from auditor.simcloud.aws.estate import Region, of_items
from auditor.simcloud.aws.identities import profile_arn
from auditor.simcloud.aws.machines import ROOT, TEMPLATE_VERSION, Machines
from auditor.simcloud.aws.seeding import TYPES
from auditor.simcloud.aws.wire import ApiError, Call, Named, Resource

LATEST, DEFAULT = "$Latest", "$Default"


def fill(region: Region, machines: Machines) -> None:
    """Add one template for each scaling group, and its versions."""
    slots = machines.scaled_slots
    ids = [machines.id("lt", machines.group_index(*place)) for place in slots]
    region.templates = of_items(ids, lambda index: _template(machines, *slots[index]))
    newest_first = range(TEMPLATE_VERSION, 0, -1)
    keys = [f"{id_}/{version}" for id_ in ids for version in newest_first]

    def make(index: int) -> Resource:
        number, back = divmod(index, TEMPLATE_VERSION)
        return _version(machines, *slots[number], TEMPLATE_VERSION - back)

    region.template_versions = of_items(keys, make)


def wanted(region: Region, call: Call) -> list[str]:
    """Return the versions that DescribeLaunchTemplateVersions asks for, newest first."""
    asked = call.many("LaunchTemplateVersion")
    template_id, name = call.text("LaunchTemplateId"), call.text("LaunchTemplateName")
    if not template_id and not name:
        if not asked or not set(asked) <= {LATEST, DEFAULT}:
            text = "Either a launch template id or a launch template name is needed."
            raise ApiError("MissingParameter", text)
        templates = region.templates.ids()
        return [key for id_ in templates for key in _versions(region, id_, asked)]
    if name:
        template_id = _by_name(region, name)
    if template_id not in region.templates:
        text = f"The specified launch template, with template ID {template_id}, does not exist."
        raise ApiError("InvalidLaunchTemplateId.NotFound", text)
    if asked:
        return _versions(region, template_id, asked)
    latest = region.templates.get(template_id)["latestVersionNumber"]
    first = int(call.text("MinVersion", "1"))
    last = int(call.text("MaxVersion", str(latest)))
    numbers = map(str, range(min(last, latest), first - 1, -1))
    return _versions(region, template_id, list(numbers), strict=False)


def resolve(template: Resource, version: str) -> str:
    """Return the number that a version stands for."""
    if version == LATEST:
        return str(template["latestVersionNumber"])
    return str(template["defaultVersionNumber"]) if version in (DEFAULT, "") else version


def _versions(
    region: Region, template_id: str, asked: list[str], *, strict: bool = True
) -> list[str]:
    template = region.templates.get(template_id)
    keys = dict.fromkeys(f"{template_id}/{resolve(template, version)}" for version in asked)
    for key in keys:
        if strict and key not in region.template_versions:
            text = f"Could not find the specified version {key} for the launch template."
            raise ApiError("InvalidLaunchTemplateId.VersionNotFound", text)
    return [key for key in keys if key in region.template_versions]


def _by_name(region: Region, name: str) -> str:
    for id_ in region.templates.ids():
        if region.templates.get(id_)["launchTemplateName"] == name:
            return id_
    text = f"The specified launch template, with template name {name}, does not exist."
    raise ApiError("InvalidLaunchTemplateName.NotFoundException", text)


def template_name(machines: Machines, vpc: int, slot: int) -> str:
    """Return the name of the template of a scaling group."""
    return machines.scaling_group(vpc, slot).replace("asg-", "lt-", 1)


def creator(machines: Machines) -> str:
    """Return the ARN of who makes templates."""
    return f"arn:aws:sts::{machines.account}:assumed-role/terraform/ci"


def _template(machines: Machines, vpc: int, slot: int) -> Resource:
    number = machines.group_index(vpc, slot)
    return {
        "launchTemplateId": machines.id("lt", number),
        "launchTemplateName": template_name(machines, vpc, slot),
        "createTime": machines.time("lt", number, first=-60, days=60),
        "createdBy": creator(machines),
        "defaultVersionNumber": TEMPLATE_VERSION,
        "latestVersionNumber": TEMPLATE_VERSION,
        "tagSet": [{"key": "ManagedBy", "value": "terraform"}],
        "operator": {"managed": False},
    }


def _version(machines: Machines, vpc: int, slot: int, version: int) -> Resource:
    number = machines.group_index(vpc, slot)
    data = _data(machines, vpc, slot)
    if version < TEMPLATE_VERSION:
        data["instanceType"] = TYPES[0]
        data["imageId"] = machines.id("ami", 0)
    if version == 1:
        data["metadataOptions"] |= {"httpTokens": "optional", "httpPutResponseHopLimit": 1}
    return {
        "launchTemplateId": machines.id("lt", number),
        "launchTemplateName": template_name(machines, vpc, slot),
        "versionNumber": version,
        "versionDescription": f"release {version}",
        "createTime": machines.time("lt", number, first=-60 + version, days=60),
        "createdBy": creator(machines),
        "defaultVersion": version == TEMPLATE_VERSION,
        "launchTemplateData": data,
        "operator": {"managed": False},
    }


def _data(machines: Machines, vpc: int, slot: int) -> Resource:
    """Return what the members of a scaling group are launched with; see `instances.instance`."""
    number, role = machines.group_index(vpc, slot), machines.role(slot)
    profile = {}
    if machines.has_profile(number):
        arn = profile_arn(machines.account, f"{role.service}-{role.environment}")
        profile = {"iamInstanceProfile": {"arn": arn}}
    disk = {
        "deleteOnTermination": True,
        "volumeType": "gp3",
        **machines.encryption(encrypted=not machines.is_legacy(number)),
    }
    disk.pop("sseType")
    tags = machines.role_tags(role, slot)
    return {
        "ebsOptimized": True,
        **profile,
        "blockDeviceMappingSet": [{"deviceName": ROOT, "ebs": disk}],
        **_network(machines, vpc, slot),
        "imageId": machines.id("ami", machines.unit_image(number, scaled=True)),
        "instanceType": machines.unit_kind(number, scaled=True)[0],
        "monitoring": {"enabled": role.environment == "prod"},
        "instanceInitiatedShutdownBehavior": "terminate",
        "disableApiTermination": False,
        "userData": machines.script(role, role.name),
        "tagSpecificationSet": [
            {
                "resourceType": "instance",
                "tagSet": [{"key": key, "value": value} for key, value in tags.items()],
            }
        ],
        "metadataOptions": machines.metadata(number),
        "enclaveOptions": {"enabled": False},
        "disableApiStop": False,
    }


def _network(machines: Machines, vpc: int, slot: int) -> Resource:
    groups = machines.group_ids(vpc, slot, machines.group_index(vpc, slot))
    if not machines.faces_internet(machines.role(slot)):
        return {"securityGroupIdSet": groups}
    interface = {
        "associatePublicIpAddress": True,
        "deleteOnTermination": True,
        "deviceIndex": 0,
        "groupSet": Named("groupId", groups),
    }
    return {"networkInterfaceSet": [interface]}
