"""Who changed what a finding is about: the providers' logs joined to findings.

An event counts when it succeeded, names the resource, and happened between the approved snapshot
and this one. What is said of a finding has a `confidence`:

| confidence | meaning |
|---|---|
| `one` | one event fits; who, from where, with what, when |
| `several` | several do; the last one, how many, and by whom |
| `none` | the log was read for all this time, and no event names the resource |
| `unread` | the log was not read, or not for all this time |

It is nothing where the log does not name such resources. It is no part of what an approval binds
to: the log may tell later than the inventory.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from auditor.baseline.versions import Content
from auditor.diff.session import Session
from auditor.diff.views import create_vocabulary
from auditor.model import Coverage, Finding, JsonValue, Scope, Status

SHOWN = 10
"""How many events and principals are listed before the rest is only counted."""

AUTOMATION = {
    "terraform": "terraform",
    "opentofu": "opentofu",
    "pulumi": "pulumi",
    "ansible": "ansible",
    "cloudformation": "cloudformation",
    "autoscaling": "autoscaling",
    "eks.amazonaws.com": "eks",
    "spotfleet": "spot fleet",
    "@cloudservices.gserviceaccount.com": "google apis service agent",
    "@container-engine-robot.iam.gserviceaccount.com": "gke",
}
"""What a principal, its address or its user agent contains, and what it says that it is. Only a
mark: a user agent is what the caller claims."""

_PARTS = {
    "aws_ec2_network_interfaces": "instance_arn",
    "azure_network_interfaces": "machine_id",
    "gcp_compute_firewalls": "network",
}
"""Resources whose change changes the policies of another one, and the column that names it."""

_ABOUT_POLICIES = (
    r"securitygroup|networkacl|prefixlist|firewall|networkinterface|modifyinstanceattribute"
    r"|subnet|publicip|address|route|settags|accessconfig|runinstances|instances\.insert"
    r"|virtualmachines/write"
)
"""Operations that change what gets to an instance, in lower case."""

_NAMED_IN_AWS = re.compile(r"[a-z]+(-[a-z]+)*-[0-9a-z]+")
_WORDS = re.compile(r"([a-z]+?)(?:s|ies)?$")

_EVENTS = """
WITH wanted AS (
    SELECT unnest(?::VARCHAR[]) AS fingerprint, unnest(?::VARCHAR[]) AS cloud,
        unnest(?::VARCHAR[]) AS account_id, unnest(?::VARCHAR[]) AS name,
        unnest(?::VARCHAR[]) AS fitting, unnest(?::TIMESTAMP[]) AS since
),
logged AS (
    SELECT * REPLACE (unnest(resource_ids) AS resource_ids) FROM log.events
    WHERE outcome = 'success' AND event_time > (SELECT min(since) FROM wanted) AND event_time <= ?
),
-- NOTE: Azure logs the change of a rule at the rule, which is a part of its group.
named AS (
    SELECT *, resource_ids AS name FROM logged
    UNION ALL
    SELECT *, regexp_replace(resource_ids, '/[^/]+/[^/]+$', '') FROM logged WHERE cloud = 'azure'
)
SELECT DISTINCT w.fingerprint, regexp_matches(lower(e.operation), w.fitting) AS fits,
    e.event_time, e.event_id, e.operation, e.principal, e.source_ip, e.user_agent
FROM named e JOIN wanted w USING (cloud, account_id, name)
WHERE e.event_time > w.since
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class _Event:
    fits: bool
    time: datetime
    id: str
    operation: str
    principal: str | None
    source_ip: str | None
    user_agent: str | None


def attribute(
    session: Session,
    *,
    snapshot: int,
    coverage: Sequence[Coverage],
    approved: Content,
    findings: Sequence[Finding],
    about_policies: Collection[str],
) -> list[Finding]:
    """Return the findings with who made the change; `about_policies` are ids of queries."""
    logs = {spec.name: spec.cloud for spec in session.specs if spec.kind == "event"}
    since = {f.fingerprint: base for f in findings if (base := _approved_at(f, approved))}
    wanted = [f for f in findings if f.fingerprint in since]
    if not logs or not wanted:
        return list(findings)
    _show_log(session, logs, snapshot)
    times: dict[int, tuple[datetime, datetime]] = {
        number: (started, sealed)
        for number, started, sealed in session.con.execute(
            "SELECT id, started_at, sealed_at FROM store.snapshot"
        ).fetchall()
    }
    begun = {fingerprint: times[base][0] for fingerprint, base in since.items()}
    events = _events(session, wanted, begun, times[snapshot][1], about_policies)
    first = _first_read(session, logs, coverage)
    return [
        replace(f, attribution=_told(f, events.get(f.fingerprint, ()), since[f.fingerprint], first))
        if f.fingerprint in since
        else f
        for f in findings
    ]


def automation(*claims: str | None) -> str | None:
    """Return which automation a principal, its address or its user agent claims to be."""
    text = " ".join(filter(None, claims)).lower()
    return next((name for part, name in AUTOMATION.items() if part in text), None)


def _approved_at(finding: Finding, approved: Content) -> int | None:
    """Return the snapshot that the finding's resource was approved in."""
    if finding.resource_type == "scope":
        return None
    for scope in (finding.scope, finding.scope.whole_account):
        found = approved.scopes.get((finding.resource_type, scope))
        if found:
            return found[0]
    return None


def _show_log(session: Session, logs: Iterable[str], snapshot: int) -> None:
    """Create the view `log.events` with all that is known of the logs, approved or not."""
    session.con.execute("CREATE SCHEMA log")
    for name in logs:
        session.con.execute(
            f'CREATE VIEW log."{name}" AS SELECT * FROM store.inventory."{name}" '
            f"WHERE valid_from <= {snapshot}"
        )
    create_vocabulary(session.con, "log")


def _events(
    session: Session,
    findings: Sequence[Finding],
    since: Mapping[str, datetime],
    until: datetime,
    about_policies: Collection[str],
) -> dict[str, list[_Event]]:
    """Return the events that name each finding's resource, those that fit it best, by time."""
    parts = _parts(session, [f for f in findings if f.query_id in about_policies])
    rows = [
        (f.fingerprint, f.scope.cloud, f.scope.account_id, name, _fitting(f, about_policies))
        for f in findings
        for name in {_name(f.scope.cloud, f.resource_id), *parts.get(f.resource_id, ())}
    ]
    known = session.con.execute(
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_schema = 'log' AND table_name = 'events'"
    ).fetchone()
    if not known or not known[0]:
        return {}
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = session.con.execute(_EVENTS, [*columns, [since[r[0]] for r in rows], until]).fetchall()
    events: defaultdict[str, dict[str, _Event]] = defaultdict(dict)
    for fingerprint, *rest in found:
        event = _Event(*rest)
        events[fingerprint][event.id] = event
    chosen = {}
    for fingerprint, some in events.items():
        best = any(event.fits for event in some.values())
        chosen[fingerprint] = sorted(
            (event for event in some.values() if event.fits is best),
            key=lambda event: (event.time, event.id),
        )
    return chosen


def _parts(session: Session, findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Return the names of the parts of each resource whose policies changed."""
    ids = sorted({f.resource_id for f in findings})
    found: defaultdict[str, list[str]] = defaultdict(list)
    stored = {spec.name: spec.cloud for spec in session.specs}
    for table, column in _PARTS.items():
        if table not in stored or not ids:
            continue
        sides = " UNION ".join(
            f'SELECT "{column}" AS owner, resource_id FROM {side}."{table}"'
            for side in ("baseline", "snapshot")
        )
        rows = session.con.execute(
            f"SELECT owner, resource_id FROM ({sides}) "
            "WHERE owner IN (SELECT unnest(?::VARCHAR[]))",
            [ids],
        ).fetchall()
        for owner, part in rows:
            found[owner].append(_name(stored[table], part))
    return found


def _name(cloud: str, resource_id: str) -> str:
    """Return what the log of a cloud calls a resource."""
    return re.split("[/:]", resource_id)[-1] if cloud == "aws" else resource_id


def _fitting(finding: Finding, about_policies: Collection[str]) -> str:
    """Return a pattern of operations that are about this kind of change."""
    if finding.query_id in about_policies:
        return _ABOUT_POLICIES
    match = _WORDS.search(finding.resource_type.rpartition("_")[2])
    return match[1] if match else finding.resource_type


def _first_read(
    session: Session, logs: Mapping[str, str], coverage: Iterable[Coverage]
) -> dict[Scope, int]:
    """Return the snapshot since which each scope's log is known, if it was read in this one."""
    rows = session.con.execute(
        "SELECT table_name, cloud, account_id, region, min(snapshot) FROM store.coverage "
        "WHERE status = 'complete' AND table_name IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL",
        [list(logs)],
    ).fetchall()
    first = {(table, Scope(*place)): number for table, *place, number in rows}
    read = {(c.table, c.scope) for c in coverage if c.status is Status.COMPLETE}
    return {
        scope: number
        for (table, scope), number in first.items()
        if (table, scope) in read and logs[table] == scope.cloud
    }


def _told(
    finding: Finding, events: Sequence[_Event], base: int, first: Mapping[Scope, int]
) -> JsonValue:
    if not events:
        name = _name(finding.scope.cloud, finding.resource_id)
        if finding.scope.cloud == "aws" and not _NAMED_IN_AWS.fullmatch(name):
            return None
        read = [first.get(scope) for scope in (finding.scope, finding.scope.whole_account)]
        is_read = any(number is not None and number <= base for number in read)
        return {"confidence": "none" if is_read else "unread"}
    last = events[-1]
    principals = sorted({event.principal for event in events if event.principal})
    return {
        "confidence": "one" if len(events) == 1 else "several",
        "principal": last.principal,
        "source_ip": last.source_ip,
        "user_agent": last.user_agent,
        "automation": automation(last.principal, last.source_ip, last.user_agent),
        "operation": last.operation,
        "time": last.time.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "events": len(events),
        "event_ids": [event.id for event in events[-SHOWN:]],
        "principals": list(principals[:SHOWN]),
    }
