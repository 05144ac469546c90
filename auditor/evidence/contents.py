"""Which files a bundle has."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from auditor.baseline.compare import compare
from auditor.baseline.exported import export
from auditor.baseline.log import Entry
from auditor.baseline.signatures import files as signature_files
from auditor.baseline.standing import logged_version, logged_versions
from auditor.baseline.versions import Content
from auditor.config import Config
from auditor.errors import UsageError
from auditor.evidence import openssl
from auditor.evidence.facts import Facts
from auditor.evidence.guide import guide
from auditor.evidence.signing import OSCAL, PUBLIC_KEY
from auditor.evidence.tables import controls, csv_of, tables
from auditor.frameworks import Framework, load_controls
from auditor.model import AuditRun, Baseline
from auditor.pipeline import past_run
from auditor.report.formats import render
from auditor.shipped import rule_files
from auditor.store.hashing import canonical
from auditor.store.tables import table_specs

REPORTS: Mapping[str, str] = {
    "html": "report.html",
    "json": "findings.json",
    "oscal": OSCAL,
    "ocsf": "findings.ocsf.json",
}
"""Report formats that a bundle has, and the files that they are."""

_BASELINE = (
    *("name", "version", "state", "snapshot", "digest", "previous_digest", "prepared_by"),
    *("approved_by", "approved_at", "ticket", "reason", "review_due", "scopes"),
)
_CHANGE = ("name", "old", "new", "change", "table", "cloud", "account_id", "region", "resource_id")


def frameworks(wanted: Collection[str]) -> dict[str, Framework]:
    """Return the frameworks whose names begin so, or all; raises `UsageError` for none."""
    known = load_controls()
    if not wanted:
        return dict(known)
    found = {n: f for n, f in known.items() if any(n.startswith(w) for w in wanted)}
    for name in wanted:
        if not any(n.startswith(name) for n in found):
            raise UsageError(
                f"there is no framework {name!r}", hint=f"one of {', '.join(sorted(known))}"
            )
    return found


def contents(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    facts: Facts,
    log: Sequence[Entry],
    chosen: Mapping[str, Framework],
) -> dict[str, bytes]:
    """Return name and content of every file, except manifest, sums and signatures."""
    run = period_run(config, facts)
    files = {
        **dict(tables(facts, log)),
        **dict(controls(facts, chosen)),
        **dict(_baselines(con, config, facts)),
        **{file: render(run, name) for name, file in REPORTS.items()},
        **dict(_approvals(config, log)),
        **dict(_rules(config)),
        **dict(_setup(con, config)),
    }
    files["VERIFY.md"] = guide(facts, config, files)
    return files


def period_run(config: Config, facts: Facts) -> AuditRun:
    """Return the last compared run of the period with all findings of the period.

    Raises `UsageError` where no run of the period was compared.
    """
    compared = [run for run in facts.runs if run.recorded is not None]
    if not compared:
        number = facts.last.id
        raise UsageError(
            f"no run of {facts.period.label} was compared with a baseline",
            hint=f"compare the last one: audit diff --snapshot {number}",
        )
    last = compared[-1]
    run = past_run(config, str(last.snapshot.id))
    name = last.baseline[0] if last.baseline else None
    found = tuple(d.finding for d in facts.dispositions if d.baseline == name)
    return replace(run, findings=found, next_steps=())


def _baselines(
    con: duckdb.DuckDBPyConnection, config: Config, facts: Facts
) -> Iterator[tuple[str, bytes]]:
    """Yield the versions, what changed between those of the period, and the last as files."""
    used = {run.baseline[0]: run.baseline[1] for run in facts.runs if run.baseline}
    versions: list[Sequence[object]] = []
    changes: list[Sequence[object]] = []
    for name, current in sorted(used.items()):
        before: tuple[Baseline, Content] | None = None
        for number in logged_versions(con, config.baseline, name):
            now = logged_version(con, config.baseline, number, name)
            if now[0].approved_at >= facts.until:
                break
            versions.append(_version(now[0], current))
            if before and facts.period.holds(now[0].approved_at):
                changes += _changes(con, before, now)
            before = now
        baseline, content = logged_version(con, config.baseline, current, name)
        with tempfile.TemporaryDirectory() as temporary:
            target = export(con, config.baseline, baseline, content, Path(temporary, "baseline"))
            for file in sorted(f for f in target.rglob("*") if f.is_file()):
                yield f"baseline/{name}/{file.relative_to(target).as_posix()}", file.read_bytes()
    yield "baselines.csv", csv_of(_BASELINE, versions)
    yield "baseline-changes.csv", csv_of(_CHANGE, changes)


def _version(baseline: Baseline, current: int) -> Sequence[object]:
    states = {True: "in force at the end of the period", False: "another version was in force"}
    return (
        *(baseline.name, baseline.version, states[baseline.version == current]),
        *(getattr(baseline, column) for column in _BASELINE[3:]),
    )


def _changes(
    con: duckdb.DuckDBPyConnection,
    before: tuple[Baseline, Content],
    now: tuple[Baseline, Content],
) -> Iterator[Sequence[object]]:
    (old, had), (new, has) = before, now
    found = compare(con, had, has)
    which = (new.name, old.version, new.version)
    for d in (*found.scopes, *found.resources):
        place = (d.scope.cloud, d.scope.account_id, d.scope.region)
        yield (*which, d.change, d.table, *place, d.resource_id)
    for change, some in (("accepted", found.accepted), ("withdrawn", found.withdrawn)):
        for a in some:
            place = (a.scope.cloud, a.scope.account_id, a.scope.region)
            yield (*which, f"finding {change}", a.table, *place, a.fingerprint)


def _approvals(config: Config, log: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
    """Yield the approval log with its signatures, and who may sign."""
    yield "approvals.jsonl", b"".join(entry.data for entry in log)
    for entry in log:
        for path in signature_files(config.baseline.approvals, entry.number):
            yield f"approvals.d/{path.name}", path.read_bytes()
    for name in ("allowed_signers", "revoked_keys"):
        path = getattr(config.baseline, name)
        if path is not None:
            yield name, path.read_bytes()
    if config.evidence.pem_key is not None:
        yield PUBLIC_KEY, openssl.public_half(config.evidence.pem_key)


def _rules(config: Config) -> Iterator[tuple[str, bytes]]:
    """Yield the drift queries, settings and maps that runs go by."""
    for name, path in rule_files().items():
        yield f"queries/{name}", path.read_bytes()
    for number, folder in enumerate(config.run.queries, start=1):
        for path in sorted(folder.rglob("*.sql")):
            relative = path.relative_to(folder).as_posix()
            yield f"queries/configured-{number}/{relative}", path.read_bytes()


def _setup(con: duckdb.DuckDBPyConnection, config: Config) -> Iterator[tuple[str, bytes]]:
    """Yield the configuration, the permissions of the read-only roles, and what is compared."""
    from auditor.collect.permissions import policy

    yield "configuration.json", canonical(_without(config.audited(), "external_id")) + b"\n"
    for cloud in ("aws", "azure", "gcp"):
        if getattr(config, cloud).enabled:
            yield f"permissions/{cloud}.json", policy(config, cloud, "json").encode()
    compared = [
        {
            "table": s.name,
            "compared": list(s.hashed_columns),
            "volatile": [c.name for c in s.columns if c.volatile],
        }
        for s in table_specs(con)
    ]
    yield "tables.json", canonical(compared) + b"\n"


def _without(value: object, key: str) -> object:
    """Return a value without what this key holds, at any depth."""
    if isinstance(value, Mapping):
        return {k: _without(v, key) for k, v in value.items() if k != key}
    return [_without(v, key) for v in value] if isinstance(value, list) else value
