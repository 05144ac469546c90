"""CloudTrail events: one row per call that changes what the other tables hold, and who made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import partition_of
from auditor.collect.aws.event_names import STEP_OF
from auditor.collect.aws.events import event_id, instant, principal, record_of, resource_ids
from auditor.collect.table import Raw, ResourceTable, boolean, common, strings, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

PAUSE = 0.5
"""Seconds between two pages: LookupEvents allows two calls a second in each region."""

KEPT = timedelta(days=90)
"""How long CloudTrail keeps its event history."""


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield the records of calls that change something, without secrets.

    LookupEvents filters by one attribute only, so all that is not read-only is listed.
    """
    scope.require("cloudtrail")
    start = max(scope.since("aws_cloudtrail_events"), datetime.now(UTC) - KEPT)
    for event in scope.pages(
        "LookupEvents",
        "Events",
        "cloudtrail",
        pause=PAUSE,
        LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
        StartTime=start,
        MaxResults=50,
    ):
        if event.get("EventName") in STEP_OF:
            yield record_of(event)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one event, from its record or from what LookupEvents wraps it in."""
    record = record_of(raw)
    name, place = record["eventName"], f"{scope.region}:{scope.account_id}"
    arn = f"arn:{partition_of(scope.region)}:cloudtrail:{place}:event/{event_id(record)}"
    return {
        **common(scope, arn, name=name, raw=record),
        "event_id": event_id(record),
        "event_name": name,
        "event_source": record.get("eventSource"),
        "event_time": instant(record.get("eventTime")),
        "step": STEP_OF.get(name),
        **_actor(record),
        "error_code": record.get("errorCode"),
        "outcome": "failure" if record.get("errorCode") else "success",
        "read_only": _flag(record.get("readOnly")),
        "resource_ids": resource_ids(record),
        "request_id": record.get("requestID"),
        "recipient_account_id": record.get("recipientAccountId"),
    }


def _actor(record: Mapping[str, Any]) -> dict[str, Any]:
    identity = record.get("userIdentity") or {}
    issuer = (identity.get("sessionContext") or {}).get("sessionIssuer") or {}
    return {
        "principal": principal(identity),
        "principal_type": identity.get("type"),
        "principal_issuer": issuer.get("arn"),
        "principal_account_id": identity.get("accountId"),
        "access_key_id": identity.get("accessKeyId"),
        "invoked_by": identity.get("invokedBy"),
        "source_ip": record.get("sourceIPAddress"),
        "user_agent": record.get("userAgent"),
    }


def _flag(value: Any) -> bool | None:
    """Return a flag that some records write as text."""
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))


TABLE = ResourceTable(
    title="CloudTrail events",
    description="Calls that changed instances, policies and guardrails; see aws.cloudtrail.",
    columns=(
        text("event_id", "Id of the event; the same in every copy of it."),
        text("event_name", "What was called, such as RunInstances."),
        text("event_source", "Service that was called."),
        timestamp("event_time", "When it was called."),
        text("step", "What the call does: snapshot, share, disk, instance, policy and so on."),
        text("principal", "ARN of who called, with the session's name, or the calling service."),
        text("principal_type", "IAMUser, AssumedRole, Root, AWSService and so on."),
        text("principal_issuer", "ARN of the role that a session comes from."),
        text("principal_account_id", "Account of who called."),
        text("access_key_id", "Key that signed the call, as a hash."),
        text("invoked_by", "Service that called on behalf of somebody."),
        text("source_ip", "Address that the call came from, or the name of a service."),
        text("user_agent", "What the caller says that it is."),
        text("error_code", "Why the call failed; nothing where it succeeded."),
        text("outcome", "success or failure."),
        boolean("read_only", "Whether the call only reads."),
        strings("resource_ids", "Ids of all resources in the request and the answer."),
        text("request_id", "Id of the request."),
        text("recipient_account_id", "Account that the event was delivered to."),
    ),
    permissions=("cloudtrail:LookupEvents",),
    fetch=fetch,
    transform=transform,
    kind="event",
    switch="cloudtrail",
)
