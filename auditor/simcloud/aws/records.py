"""CloudTrail records of what happens to instances."""

from __future__ import annotations

from typing import Any

from auditor.simcloud.aws.events import REMOVED, Trail
from auditor.simcloud.aws.wire import Resource


def launched(trail: Trail, *ids: str, template: Resource | None = None) -> None:
    """Record the RunInstances that launched instances of one make."""
    made = [trail.region.instances.get(id_) for id_ in ids]
    shown = ("instanceId", "imageId", "instanceType", "subnetId", "vpcId", "privateIpAddress")
    answers = [{name: instance[name] for name in shown} for instance in made]
    answer = {
        "reservationId": made[0]["reservationId"],
        "ownerId": trail.region.account,
        "instancesSet": {"items": answers},
    }
    user_data = bool(trail.region.attributes.get(ids[0]).get("userData"))
    wanted = launch_request(made[0], len(ids), user_data=user_data)
    trail.record(
        "RunInstances", wanted | ({"launchTemplate": template} if template else {}), answer
    )


def launch_request(instance: Resource, count: int, *, user_data: bool = False) -> Resource:
    """Return the parameters of RunInstances for instances like one, as they are logged."""
    card = instance["networkInterfaceSet"][0]
    groups = {"items": [{"groupId": group["groupId"]} for group in instance["groupSet"]]}
    wanted: dict[str, Any] = {
        "instancesSet": {
            "items": [{"imageId": instance["imageId"], "minCount": count, "maxCount": count}]
        },
        "instanceType": instance["instanceType"],
        "blockDeviceMapping": {},
        "monitoring": {"enabled": instance["monitoring"]["state"] == "enabled"},
        "clientToken": instance["clientToken"],
    }
    if card.get("association"):
        public = {"deviceIndex": 0, "associatePublicIpAddress": True, "groupSet": groups}
        items = [public | {"subnetId": instance["subnetId"]}]
        wanted["networkInterfaceSet"] = {"items": items}
    else:
        wanted |= {"subnetId": instance["subnetId"], "groupSet": groups}
    if "keyName" in instance:
        wanted["keyName"] = instance["keyName"]
    if "iamInstanceProfile" in instance:
        wanted["iamInstanceProfile"] = {"arn": instance["iamInstanceProfile"]["arn"]}
    if user_data:
        wanted["userData"] = REMOVED
    if instance["tagSet"]:
        tags = [dict(tag) for tag in instance["tagSet"]]
        items = [{"resourceType": "instance", "tags": tags}]
        wanted["tagSpecificationSet"] = {"items": items}
    return wanted


def state_changed(trail: Trail, action: str, instance_id: str, before: str, after: str) -> None:
    """Record that an instance is stopped, started or terminated."""
    codes = {"pending": 0, "running": 16, "shutting-down": 32, "stopping": 64, "stopped": 80}
    items = [
        {
            "instanceId": instance_id,
            "currentState": {"code": codes[after], "name": after},
            "previousState": {"code": codes[before], "name": before},
        }
    ]
    wanted = {"instancesSet": {"items": [{"instanceId": instance_id}]}}
    trail.record(action, wanted, {"instancesSet": {"items": items}})
