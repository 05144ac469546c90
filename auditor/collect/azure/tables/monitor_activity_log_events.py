"""Activity log events: who did what to which resource, as far as the control plane tells.

The log comes in two shapes: nested from the REST API, flat and in upper case from a diagnostic
export. Both become the same row. An operation that takes a while has several events with one
correlation id; all of them are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.azure import versions
from auditor.collect.azure.arm import Item, arm_common, arm_id, instant, lower
from auditor.collect.azure.secrets import sha256_of, without_secrets
from auditor.collect.table import Raw, ResourceTable, text, timestamp
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.azure.scope import AzureScope

NAME = "azure_monitor_activity_log_events"
PATH = "/providers/Microsoft.Insights/eventtypes/management/values"
_CLAIM = "http://schemas.microsoft.com/identity/claims/"
OUTCOMES = {
    "accept": "accepted",
    "accepted": "accepted",
    "fail": "failure",
    "failed": "failure",
    "failure": "failure",
    "start": "started",
    "started": "started",
    "succeeded": "success",
    "success": "success",
}
"""What both shapes call an outcome, in one vocabulary."""


def fetch(scope: AzureScope) -> Iterator[Raw]:
    """Yield each event since the last one that was stored, request bodies hashed."""
    if not scope.activity_log:
        raise CollectError(
            "switched off in the configuration",
            status=Status.SKIPPED,
            kind="configuration",
            hint="set azure.activity_log = true to read it",
        )
    begin = scope.since(NAME).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    wanted = {"$filter": f"eventTimestamp ge '{begin}'"}
    for event in scope.pages(PATH, versions.ACTIVITY_LOG, **wanted):
        yield without_secrets(event)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one event, whichever shape it has."""
    raw = without_secrets(raw)
    target = arm_id(raw.get("resourceId") or raw.get("resourceUri")) or _target(raw)
    event_id = raw.get("eventDataId") or str(sha256_of(raw))[:32]
    where = target or f"/subscriptions/{scope.account_id}"
    return {
        **arm_common(
            scope,
            raw,
            resource_id=arm_id(raw.get("id")) or f"{where}/events/{event_id}",
            document=raw,
        ),
        "name": None,
        "event_id": event_id,
        "event_time": instant(raw.get("eventTimestamp") or raw.get("time")),
        "submission_time": instant(raw.get("submissionTimestamp")),
        "target_id": target,
        "correlation_id": raw.get("correlationId"),
        "operation_id": raw.get("operationId"),
        "event_name": _value(raw.get("eventName")),
        "category": _value(raw.get("category")),
        "level": raw.get("level"),
        **_operation(raw),
        **_caller(raw),
    }


def _operation(raw: Raw) -> dict[str, Any]:
    operation = lower(_value(raw.get("operationName")))
    status = _value(raw.get("status")) or raw.get("resultType")
    rights = raw.get("authorization") or _identity(raw).get("authorization") or {}
    return {
        "operation": operation,
        "resource_type": operation.rpartition("/")[0] if operation else None,
        "status": status,
        "outcome": OUTCOMES.get(str(status).lower(), "unknown"),
        "sub_status": _value(raw.get("subStatus")) or raw.get("resultSignature"),
        "authorization_action": lower(rights.get("action")),
        "authorization_scope": arm_id(rights.get("scope")),
        "authorization_role": rights.get("role") or (rights.get("evidence") or {}).get("role"),
    }


def _caller(raw: Raw) -> dict[str, Any]:
    """Return who did it and from where; an export names the principal in its evidence."""
    identity = _identity(raw)
    claims = raw.get("claims") or identity.get("claims") or {}
    rights = raw.get("authorization") or identity.get("authorization") or {}
    evidence = rights.get("evidence") or {}
    name = claims.get("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn")
    request = raw.get("httpRequest") or {}
    return {
        "caller": raw.get("caller") or name or claims.get("appid"),
        "caller_object_id": claims.get(f"{_CLAIM}objectidentifier") or evidence.get("principalId"),
        "caller_type": evidence.get("principalType") or claims.get("idtyp"),
        "app_id": claims.get("appid"),
        "tenant_id": raw.get("tenantId") or claims.get(f"{_CLAIM}tenantid"),
        "source_ip": request.get("clientIpAddress")
        or raw.get("callerIpAddress")
        or claims.get("ipaddr"),
        "http_method": request.get("method"),
    }


def _identity(raw: Raw) -> Item:
    found = raw.get("identity")
    return found if isinstance(found, dict) else {}


def _target(raw: Raw) -> str | None:
    """Return the resource that the id of an event names."""
    found = arm_id(raw.get("id"))
    return found.rpartition("/events/")[0] or None if found else None


def _value(found: Any) -> str | None:
    """Return a name that is a text in one shape and an object in the other."""
    value = found.get("value") if isinstance(found, dict) else found
    return str(value) if value else None


TABLE = ResourceTable(
    title="Activity log events",
    description="Operations on resources with who asked for them; see azure.activity_log.",
    columns=(
        text("event_id", "Id of the event."),
        timestamp("event_time", "When it happened."),
        timestamp("submission_time", "When it could be read.", volatile=True),
        text("target_id", "resource_id of what was acted on."),
        text("correlation_id", "What the events of one request share."),
        text("operation_id", "What the events of one operation share."),
        text("event_name", "BeginRequest, EndRequest and so on."),
        text("category", "Administrative, Policy, Security and so on."),
        text("level", "Informational, Warning, Error or Critical."),
        text("operation", "Operation in lower case: provider, type and verb."),
        text("resource_type", "The operation without its verb."),
        text("status", "Status in the provider's words."),
        text("outcome", "accepted, started, success, failure or unknown."),
        text("sub_status", "HTTP status of the answer, in words."),
        text("authorization_action", "Permission that was used."),
        text("authorization_scope", "Scope in which it was granted."),
        text("authorization_role", "Role that granted it."),
        text("caller", "Name of the user, or id of the application."),
        text("caller_object_id", "Object id of the caller in its tenant."),
        text("caller_type", "User, ServicePrincipal and so on."),
        text("app_id", "Application that the caller used."),
        text("tenant_id", "Tenant of the caller."),
        text("source_ip", "Address that the request came from."),
        text("http_method", "Method of the request."),
    ),
    permissions=("Microsoft.Insights/eventtypes/values/read",),
    fetch=fetch,
    transform=transform,
    regional=False,
    kind="event",
    switch="activity_log",
)
