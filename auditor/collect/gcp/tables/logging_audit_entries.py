"""Admin Activity audit log: who changed what in the project. Google writes it; none can stop it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

from auditor.collect.gcp.audit_log import (
    actor_columns,
    change_columns,
    outcome_of,
    permission_columns,
    region_of_event,
    stripped,
    without_content,
)
from auditor.collect.gcp.names import instant
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    common,
    integer,
    strings,
    text,
    timestamp,
)
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.gcp.scope import GcpScope

NAME = "gcp_logging_audit_entries"
LOG = "cloudaudit.googleapis.com%2Factivity"


def fetch(scope: GcpScope) -> Iterator[Raw]:
    """Yield each entry since the last reading, without the content of requests."""
    if not scope.options.audit_log:
        raise CollectError(
            "switched off in the configuration",
            status=Status.SKIPPED,
            kind="configuration",
            hint="set gcp.audit_log = true to read it",
        )
    since = scope.since(NAME).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    log = f"projects/{scope.scope.account_id}/logs/{LOG}"
    for raw in scope.entries(f'logName="{log}" AND timestamp>="{since}"'):
        yield without_content(raw)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one entry."""
    raw = without_content(raw)
    payload = raw.get("protoPayload") or {}
    operation = raw.get("operation") or {}
    method, version = stripped(payload.get("methodName"))
    outcome, code = outcome_of(payload)
    log, event_id = raw["logName"], raw["insertId"]
    return {
        **common(
            scope,
            f"//logging.googleapis.com/{log}/{raw.get('timestamp')}/{event_id}",
            name=method,
            region=region_of_event(raw),
            raw=raw,
        ),
        "event_id": event_id,
        "event_time": instant(raw.get("timestamp")),
        "log_name": log,
        "severity": raw.get("severity"),
        "service": payload.get("serviceName"),
        "method": method,
        "api_version": version,
        "outcome": outcome,
        "status_code": code,
        "operation_id": operation.get("id"),
        "operation_producer": operation.get("producer"),
        "operation_first": operation.get("first", False),
        "operation_last": operation.get("last", False),
        **_target(raw, payload),
        **actor_columns(payload),
        **permission_columns(payload),
        **change_columns(payload, scope),
    }


def _target(raw: Raw, payload: Raw) -> dict[str, Any]:
    resource = raw.get("resource") or {}
    name, service = payload.get("resourceName"), payload.get("serviceName")
    labels = resource.get("labels") or {}
    numbers = [value for key, value in sorted(labels.items()) if key.endswith("_id")]
    return {
        "resource_type": resource.get("type"),
        "resource_name": name,
        "target_id": f"//{service}/{name}" if name and service else None,
        "target_number": next((n for n in numbers if n != labels.get("project_id")), None),
    }


TABLE = ResourceTable(
    title="Admin Activity audit log",
    description="Entries of the Admin Activity audit log; see gcp.audit_log.",
    columns=(
        text("event_id", "Id of the entry within its log."),
        timestamp("event_time", "When it happened."),
        text("log_name", "Log that holds it."),
        text("severity", "NOTICE, ERROR and so on."),
        text("service", "API that was called."),
        text("method", "Method that was called, without the version of the API."),
        text("api_version", "Version of the API that was called."),
        text("outcome", "success or failure."),
        integer("status_code", "Status code; 0 for success."),
        text("operation_id", "Long-running operation that it belongs to."),
        text("operation_producer", "Service that runs this operation."),
        boolean("operation_first", "Whether it is the first entry of the operation."),
        boolean("operation_last", "Whether it is the last entry of the operation."),
        text("resource_type", "Kind of the resource, as logging names it."),
        text("resource_name", "Name of the resource that it was about."),
        text("target_id", "resource_id of that resource."),
        text("target_number", "Numeric id of that resource: its incarnation."),
        text("principal", "E-mail address of who acted."),
        text("principal_subject", "Identity of who acted, with its kind."),
        text("service_account_key_name", "Key that a service account logged in with."),
        strings("delegation_chain", "Identities that acted through the service account."),
        boolean("third_party_principal", "Whether an identity of another provider acted."),
        text("caller_ip", "Address that the call came from."),
        text("caller_network", "VPC network that the call came from."),
        text("user_agent", "What the caller says that it is."),
        strings("permissions", "Permissions that were used."),
        strings("denied_permissions", "Permissions that were refused."),
        strings("links", "Other resources in request and answer, each with its role."),
        strings("added_metadata_keys", "Metadata keys that were added."),
        strings("modified_metadata_keys", "Metadata keys whose value was changed."),
        strings("deleted_metadata_keys", "Metadata keys that were removed."),
        strings("binding_changes", "IAM bindings that were added or removed."),
        strings("policy_members", "IAM bindings that were set, each member with its role."),
    ),
    permissions=("logging.logEntries.list",),
    fetch=fetch,
    transform=transform,
    regional=False,
    kind="event",
    switch="audit_log",
)
