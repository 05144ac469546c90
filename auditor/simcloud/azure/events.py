"""The Activity Log: a started and a succeeded record of each change, newest first."""

from __future__ import annotations

import bisect
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from auditor.simcloud.azure.estate import Subscription
from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.seeding import stamp
from auditor.simcloud.azure.wire import ApiError, Resource

CLAIMS = "http://schemas.microsoft.com/identity/claims/"
CLAUSE = re.compile(r"\s*(\w+)\s+(ge|le|eq)\s+'([^']*)'\s*", re.IGNORECASE)
FIELDS = {
    "resourceprovider": lambda event: event["resourceProviderName"]["value"],
    "resourcegroupname": lambda event: event["resourceGroupName"],
    "resourceuri": lambda event: event["resourceId"],
    "correlationid": lambda event: event["correlationId"],
}
TICKS_AT_1970 = 62_135_596_800
STEP = timedelta(seconds=30)
"""Between two operations of a scenario."""
USUAL = ("start/action", "restart/action", "deallocate/action", "write")
GENERATED, DAYS = 40, 14
"""Machines of a location with an operation in the log, over so many days."""


class Actor(NamedTuple):
    """Who calls, and from where."""

    name: str
    address: str
    application: str | None = None
    """Application id of a service principal; a person has none."""


PIPELINE = Actor(
    "b7c0f5d4-0f6b-4d0c-9c8b-1f2e3d4c5b6a", "52.143.10.4", "6f1e2d3c-5b4a-4c9d-8e7f-a1b2c3d4e5f6"
)
ADMIN = Actor("admin@example.com", "198.51.100.23")
INTRUDER = Actor("intern@example.com", "203.0.113.66")
AUTOSCALE = Actor(
    "Microsoft.Insights/autoscaleSettings", "20.36.1.9", "262044b1-e2ce-469f-a196-69ab7ada62d3"
)


def record(
    subscription: Subscription,
    operation: str,
    resource_id: str,
    moment: datetime,
    *,
    actor: Actor = INTRUDER,
    body: Resource | None = None,
) -> list[str]:
    """Append a started and a succeeded record; returns the ids of both."""
    subscription.created += 1
    number = f"{subscription.id}/{operation}/{subscription.created}".lower()
    correlation = str(uuid.uuid5(uuid.NAMESPACE_URL, number))
    ids = []
    for phase, seconds in (("Started", 0), ("Succeeded", 7)):
        event = _event(
            subscription, operation, resource_id, moment + timedelta(seconds=seconds), phase, actor
        )
        event |= {"correlationId": correlation, "operationId": correlation}
        event_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{number}/{phase}"))
        ticks = (int(moment.timestamp() + seconds) + TICKS_AT_1970) * 10_000_000
        event["eventDataId"] = event_id
        event["id"] = f"{resource_id}/events/{event_id}/ticks/{ticks}"
        event["properties"] = _properties(event, body if phase == "Started" else None)
        ids.append(event_id)
        bisect.insort(subscription.events, event, key=_age)
    return ids


def generate(subscription: Subscription, machines: Machines, now: datetime) -> None:
    """Write what the operators of a location did in the last days."""
    for index in range(min(machines.count, GENERATED)):
        seconds = machines.number("event", index) % (DAYS * 86_400 - 60) + 60
        operation = f"Microsoft.Compute/virtualMachines/{USUAL[index % len(USUAL)]}"
        record(
            subscription,
            operation,
            machines.vm(index),
            now - timedelta(seconds=seconds),
            actor=PIPELINE if index % 5 else ADMIN,
        )


def wanted(events: list[Resource], expression: str) -> list[Resource]:
    """Return the events that a $filter selects; it has to say when they begin."""
    bounds: dict[str, datetime] = {}
    equal: dict[str, str] = {}
    for clause in re.split(r"\band\b", expression, flags=re.IGNORECASE):
        found = CLAUSE.fullmatch(clause)
        name, operator, value = found.groups() if found else ("", "", "")
        if name.lower() == "eventtimestamp" and operator.lower() in ("ge", "le"):
            bounds[operator.lower()] = moment(value)
        elif name.lower() in FIELDS and operator.lower() == "eq":
            equal[name.lower()] = value.lower()
        else:
            raise ApiError("BadRequest", f"the filter is not supported: {clause.strip()}")
    if "ge" not in bounds:
        raise ApiError("BadRequest", "the filter has to have a start: eventTimestamp ge")
    least, most = bounds["ge"], bounds.get("le", datetime.max.replace(tzinfo=UTC))
    return [
        event
        for event in events
        if least <= moment(event["eventTimestamp"]) <= most
        and all(FIELDS[name](event).lower() == value for name, value in equal.items())
    ]


def moment(text: str) -> datetime:
    """Read a moment as Azure and its callers write it; UTC unless it says otherwise."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ApiError("BadRequest", f"{text} is not a time") from exc
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _event(
    subscription: Subscription,
    operation: str,
    resource_id: str,
    moment: datetime,
    phase: str,
    actor: Actor,
) -> Resource:
    provider = operation.partition("/")[0]
    done = phase == "Succeeded"
    verb = operation.rpartition("/")[2]
    method = {"write": "PUT", "delete": "DELETE"}.get(verb, "POST")
    status = "" if not done else "Accepted" if verb == "action" else "Created"
    return {
        "authorization": {"action": operation, "scope": resource_id},
        "caller": actor.name,
        "channels": "Operation",
        "claims": _claims(subscription, actor),
        "description": "",
        "eventName": _named("EndRequest" if done else "BeginRequest"),
        "category": _named("Administrative"),
        "httpRequest": {
            "clientRequestId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{resource_id}/{moment}")),
            "clientIpAddress": actor.address,
            "method": method,
        },
        "level": "Informational",
        "resourceGroupName": resource_id.split("/")[4],
        "resourceProviderName": _named(provider),
        "resourceId": resource_id,
        "resourceType": _named("/".join(operation.split("/")[:2])),
        "operationName": _named(operation),
        "status": _named(phase),
        "subStatus": {"value": status, "localizedValue": status},
        "eventTimestamp": stamp(moment),
        "submissionTimestamp": stamp(moment + timedelta(seconds=95)),
        "subscriptionId": subscription.id,
        "tenantId": subscription.tenant,
    }


def _properties(event: Resource, body: Resource | None) -> dict[str, str]:
    shown = {
        "eventCategory": "Administrative",
        "entity": event["resourceId"],
        "message": event["operationName"]["value"],
        "hierarchy": f"{event['tenantId']}/{event['subscriptionId']}",
    }
    if event["subStatus"]["value"]:
        shown["statusCode"] = event["subStatus"]["value"]
    if body is not None:
        shown["requestbody"] = json.dumps(body)
    return shown


def _claims(subscription: Subscription, actor: Actor) -> dict[str, str]:
    person = actor.application is None
    object_id = str(uuid.uuid5(uuid.NAMESPACE_URL, actor.name)) if person else actor.name
    claims = {
        "aud": "https://management.core.windows.net/",
        "iss": f"https://sts.windows.net/{subscription.tenant}/",
        CLAIMS + "objectidentifier": object_id,
        CLAIMS + "tenantid": subscription.tenant,
        "appid": actor.application or "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "idtyp": "user" if person else "app",
        "ipaddr": actor.address,
        "ver": "1.0",
    }
    if person:
        claims["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] = actor.name
    return claims


def _named(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}


def _age(event: Resource) -> float:
    return -moment(event["eventTimestamp"]).timestamp()
