"""A real store in a folder of its own, filled through the real path from rows in plain dicts.

    lab = Lab(tmp_path)
    lab.seal({"aws_ec2_instances": [{"id": "i-1"}]})
    lab.approve()
    run = lab.audit({"aws_ec2_instances": [{"id": "i-1"}, {"id": "i-2"}]})

Columns that a row leaves out are filled in; `id` becomes resource_id, incarnation_id and the id
column of its table, `group` the group of a rule or of a member, `rule` the direction, service and
peer of a rule. The resource_id of a row of Azure or Google Cloud is
`/subscriptions/<account>/<table>/<id>` or
`//compute.googleapis.com/projects/<account>/<table>/<id>`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from auditor import pipeline
from auditor.baseline.approve import Approval, Approved, approve_findings, approve_snapshot
from auditor.baseline.log import head
from auditor.collect.batch import prepare, to_batch
from auditor.collect.catalog import all_tables
from auditor.collect.table import ResourceTable
from auditor.config import (
    BaselineConfig,
    BehaviourConfig,
    Config,
    RunConfig,
    StoreConfig,
)
from auditor.model import AuditRun, Coverage, Finding, Scope, Severity, Snapshot, Status, TableSpec
from auditor.store.database import writing
from auditor.store.seal import SealRequest, seal
from auditor.store.snapshots import latest_snapshot
from auditor.store.stage import Stage

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Overrides = Mapping[tuple[str, Scope], Status | None]
"""Status of a (table, scope); None: it does not occur in the coverage at all."""

HOME = Scope("aws", "111111111111", "eu-west-1")
TABLES = {table.name: table for table in all_tables()}
LEAST = (
    *("aws_ec2_instances", "aws_ec2_ebs_volumes"),
    *("azure_compute_virtual_machines", "azure_compute_virtual_machine_scale_set_vms"),
    *("azure_network_interfaces", "azure_compute_disks"),
    *("gcp_compute_instances", "gcp_compute_disks"),
)
"""The tables without which no setting of an instance is compared: a quick `known` of a lab."""

_IDS = {
    "aws_autoscaling_instances": ("instance", "instance_id"),
    "aws_ec2_ebs_snapshots": ("snapshot", "snapshot_id"),
    "aws_ec2_ebs_volumes": ("volume", "volume_id"),
    "aws_ec2_images": ("image", "image_id"),
    "aws_ec2_instance_attributes": ("instance", "instance_id"),
    "aws_ec2_instances": ("instance", "instance_id"),
    "aws_ec2_network_interfaces": ("network-interface", None),
    "aws_ec2_regional_settings": ("regional-settings", None),
    "aws_ec2_security_group_rules": ("security-group-rule", "rule_id"),
    "aws_ec2_security_groups": ("security-group", "group_id"),
}


class Clock:
    """A clock that moves on by a minute each time it is read."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.moment = start

    def __call__(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment


class Lab:
    """A store, its approval log and the steps of an audit over them."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock | None = None,
        tables: Iterable[str] = TABLES,
        known: Iterable[str] = TABLES,
        severity: Mapping[str, Severity] | None = None,
        queries: Sequence[Path] = (),
        behaviour: Mapping[str, Any] | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.tool_version = "0"
        """The version that is said to have sealed the snapshots."""
        self.tables = [TABLES[name] for name in tables]
        """The tables that are read."""
        self.known = [TABLES[name] for name in known]
        """The tables that the store has; those of all clouds unless a test wants fewer."""
        self.config = Config(
            store=StoreConfig(path=folder / "audit.duckdb", wait=timedelta(0)),
            baseline=BaselineConfig(approvals=folder / "approvals.jsonl"),
            run=RunConfig(queries=list(queries)),
            severity=dict(severity or {}),
            behaviour=BehaviourConfig.model_validate(behaviour or {}),
        )

    def seal(
        self,
        rows: Rows | None = None,
        *,
        coverage: Overrides | None = None,
        scopes: Iterable[Scope] = (HOME,),
        specs: Sequence[TableSpec] | None = None,
    ) -> Snapshot:
        """Seal a snapshot: tables of each cloud complete in `scopes` and in those of the rows."""
        filled = {name: [fill(name, row) for row in some] for name, some in (rows or {}).items()}
        started = self.clock()
        request = SealRequest(
            run_id=f"run-{started:%Y%m%dT%H%M%S}",
            started_at=started,
            sealed_at=self.clock(),
            tool_version=self.tool_version,
            config_digest=self.config.digest(),
            approval_head=self._head(),
            specs=specs or [table.spec() for table in self.known],
            staged={},
            coverage=self._coverage(filled, coverage or {}, scopes),
            shrink_guard=self.config.run.shrink_guard,
        )
        with (
            Stage(self.config.store.path, request.run_id) as stage,
            writing(self.config.store, now=started) as con,
        ):
            for name, some in filled.items():
                table = _limited(TABLES[name], request.specs)
                stage.write(name, to_batch(table, [prepare(table, row) for row in some]))
            snapshot, _ = seal(con, replace(request, staged=stage.finish()))
        return snapshot

    def compare(self, **options: Any) -> AuditRun:
        """Compare as `audit diff` does; the newest snapshot is recorded."""
        return pipeline.compare(self.config, clock=self.clock, **options)

    def audit(self, rows: Rows | None = None, **options: Any) -> AuditRun:
        """Seal a snapshot and compare it, as `audit run` does."""
        self.seal(rows, **options)
        return self.compare()

    def approve(self, findings: Sequence[Finding] = (), *, reason: str = "as planned") -> Approved:
        """Approve the newest snapshot, or single findings."""
        at = self.clock()
        who = Approval(approved_by="ada", prepared_by="bob", reason=reason, at=at)
        with writing(self.config.store, now=at) as con:
            newest = latest_snapshot(con)
            assert newest is not None
            if findings:
                return approve_findings(con, self.config.baseline, who, newest, findings)
            return approve_snapshot(con, self.config.baseline, who, newest)

    def tamper(self, sql: str) -> None:
        """Change the store behind the program's back."""
        with writing(self.config.store, now=self.clock.moment) as con:
            con.execute(sql)

    def _head(self) -> str | None:
        return head(self.config.baseline.approvals)

    def _tables_of(self, scope: Scope) -> list[str]:
        """Return the tables of the scope's cloud: no other one is read there."""
        return [t.name for t in self.tables if t.name.startswith(f"{scope.cloud}_")]

    def _coverage(
        self, rows: Rows, overrides: Overrides, scopes: Iterable[Scope]
    ) -> list[Coverage]:
        known = {*scopes, *(scope_of(row) for some in rows.values() for row in some)}
        status: dict[tuple[str, Scope], Status | None] = {
            (table, scope): Status.COMPLETE for scope in known for table in self._tables_of(scope)
        }
        for (glob, scope), value in overrides.items():
            names = self._tables_of(scope)
            status |= {(name, scope): value for name in names if glob in (name, "*")}
        return [
            Coverage(name, scope, value, error_kind=None if value is Status.COMPLETE else "denied")
            for (name, scope), value in sorted(status.items())
            if value is not None
        ]


def fill(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with everything that every row has."""
    cloud = table.partition("_")[0]
    region = HOME.region if cloud == "aws" else "global"
    full = {"cloud": cloud, "account_id": HOME.account_id, "region": region, **row}
    kind, column = _IDS.get(table, (table, None))
    short = full.pop("id", "r-1")
    full.setdefault("resource_id", id_in(full, kind, short))
    if column is not None or cloud != "aws":
        full.setdefault("incarnation_id", short)
    if column is not None:
        full.setdefault(column, short)
    if "group" in full:
        full |= _grouped(table, full, full.pop("group"), short)
    if table == "aws_ec2_security_group_rules" and "rule" in full and "ip_protocol" not in full:
        full = {**_said(full["rule"]), **full}
    return full


def id_in(row: Mapping[str, Any], kind: str, short: str) -> str:
    """Return the resource_id of something in the account and region of a row."""
    if row["cloud"] == "azure":
        return f"/subscriptions/{row['account_id']}/{kind}/{short}"
    if row["cloud"] == "gcp":
        return f"//compute.googleapis.com/projects/{row['account_id']}/{kind}/{short}"
    return f"arn:aws:ec2:{row['region']}:{row['account_id']}:{kind}/{short}"


def _grouped(table: str, row: Mapping[str, Any], group: str, short: str) -> dict[str, Any]:
    """Return the columns that say which group a rule or a member belongs to."""
    if table == "aws_autoscaling_instances":
        return {"group_name": group, "group_arn": id_in(row, "aws_autoscaling_groups", group)}
    if table == "azure_compute_virtual_machine_scale_set_vms":
        return {
            "scale_set_id": id_in(row, "azure_compute_virtual_machine_scale_sets", group),
            "incarnation_id": short,
        }
    if table == "gcp_compute_managed_instances":
        return {
            "group_id": id_in(row, "gcp_compute_instance_group_managers", group),
            "instance_id": id_in(row, "gcp_compute_instances", short),
        }
    return {"group_id": group, "group_arn": id_in(row, "security-group", group)}


def _said(rule: str) -> dict[str, Any]:
    """Return the columns of a rule such as `ingress tcp/22-25 from 10.0.0.0/8`."""
    direction, service, _, peer = rule.split(" ")
    protocol, _, ports = service.partition("/")
    first, _, last = ports.partition("-")
    kinds = {"pl-": "prefix_list_id", "sg-": "referenced_group_id"}
    kind = kinds.get(peer[:3], "cidr_ipv6" if ":" in peer else "cidr_ipv4")
    return {
        "is_egress": direction == "egress",
        "ip_protocol": "-1" if protocol == "all" else protocol,
        "from_port": int(first) if first else None,
        "to_port": int(last or first) if first else None,
        "peer": peer,
        kind: peer,
    }


def scope_of(row: Mapping[str, Any]) -> Scope:
    """Return the scope that a filled row is in."""
    return Scope(row["cloud"], row["account_id"], row["region"])


def short(finding: Finding) -> str:
    """Return the end of a finding's resource id: what a person calls it."""
    if finding.resource_type == "scope":
        return finding.resource_id
    return finding.resource_id.rsplit("/", 1)[-1]


def of(run: AuditRun, query_id: str) -> list[Finding]:
    """Return the findings of one query that hold now."""
    return [finding for finding in run.active if finding.query_id == query_id]


def section(name: str, keys: Mapping[str, object]) -> str:
    """Return a section of a configuration file."""
    return f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in keys.items())


def _limited(table: ResourceTable, specs: Sequence[TableSpec]) -> ResourceTable:
    """Return the table with the columns of its spec only: an older version of it."""
    spec = next(s for s in specs if s.name == table.name)
    names = {column.name for column in spec.columns}
    if names == {column.name for column in table.columns}:
        return table
    older = ResourceTable(
        title=table.title,
        description=table.description,
        columns=[c for c in table.columns[7:-1] if c.name in names],
        permissions=table.permissions,
        fetch=table.fetch,
        transform=table.transform,
    )
    older.name = table.name
    return older
