"""LookupEvents of CloudTrail, in JSON 1.1.

Events of any age are found, where the real service keeps them for 90 days.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.paging import page, page_size
from auditor.simcloud.aws.refusals import region_of
from auditor.simcloud.aws.wire import ApiError, Call, Resource
from auditor.simcloud.http import Answer

TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
MOST = 50
"""Events per page;
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html"""

ATTRIBUTES: dict[str, Callable[[Resource], list[str]]] = {
    "EventId": lambda entry: [entry["EventId"]],
    "EventName": lambda entry: [entry["EventName"]],
    "ReadOnly": lambda entry: [entry["ReadOnly"]],
    "Username": lambda entry: [entry.get("Username", "")],
    "EventSource": lambda entry: [entry["EventSource"]],
    "AccessKeyId": lambda entry: [entry.get("AccessKeyId", "")],
    "ResourceType": lambda entry: [r["ResourceType"] for r in entry["Resources"]],
    "ResourceName": lambda entry: [r["ResourceName"] for r in entry["Resources"]],
}
"""What LookupAttributes can ask for, and the values of an event that it looks at."""


def answer(estate: Estate, call: Call) -> Answer:
    """Answer LookupEvents: newest first, from one region."""
    if call.action != "LookupEvents":
        raise ApiError("UnknownOperationException", f"{call.action} is not simulated")
    size = page_size(call, "MaxResults", 1, MOST, usual=MOST, refused="InvalidMaxResultsException")
    wanted = _condition(call)
    with estate.lock:
        found = [entry for entry in region_of(estate, call).events if wanted(entry)]
    # NOTE: events of one second come out in the order opposite to that of their recording
    found.reverse()
    found.sort(key=lambda entry: -entry["EventTime"])
    part = page(call, len(found), size, invalid="InvalidNextTokenException")
    body: Resource = {"Events": found[part.start : part.stop]}
    if part.token:
        body["NextToken"] = part.token
    return wire.json_response(body)


def _condition(call: Call) -> Callable[[Resource], bool]:
    """Return the test for what a call asks for, or refuse what it asks."""
    start, end = call.params.get("StartTime", 0), call.params.get("EndTime", math.inf)
    if start > end:
        raise ApiError("InvalidTimeRangeException", "the start is after the end")
    attributes: list[dict[str, Any]] = call.params.get("LookupAttributes") or []
    if len(attributes) > 1 or any(a.get("AttributeKey") not in ATTRIBUTES for a in attributes):
        raise ApiError("InvalidLookupAttributesException", "one attribute of the known ones")
    wanted = [(ATTRIBUTES[a["AttributeKey"]], a["AttributeValue"]) for a in attributes]
    return lambda entry: (
        start <= entry["EventTime"] <= end
        and all(value in values(entry) for values, value in wanted)
    )


def lookup_entry(record: Resource, resources: list[Resource]) -> Resource:
    """Return a CloudTrail record the way LookupEvents wraps it."""
    who = record["userIdentity"]
    moment = datetime.fromisoformat(record["eventTime"])
    name = who.get("userName") or who.get("arn", "").rpartition("/")[2] or who.get("invokedBy")
    entry: Resource = {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": "true" if record["readOnly"] else "false",
        "EventTime": int(moment.timestamp()),
        "EventSource": record["eventSource"],
        "Username": name,
        "Resources": resources,
        "CloudTrailEvent": json.dumps(record, separators=(",", ":")),
    }
    if "accessKeyId" in who:
        entry["AccessKeyId"] = who["accessKeyId"]
    return entry
