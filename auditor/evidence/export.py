"""Write the evidence of a period."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from auditor import __version__
from auditor.baseline.log import Entry, read_log
from auditor.config import Config
from auditor.errors import IntegrityError, UsageError
from auditor.evidence import bundle
from auditor.evidence.contents import contents, frameworks
from auditor.evidence.facts import Facts, gather, runs_in
from auditor.evidence.period import Period, read_period
from auditor.evidence.signing import expected, signatures
from auditor.inquiry import verify_everything
from auditor.pipeline import Clock, now
from auditor.report.plain import rfc3339
from auditor.store.database import reading
from auditor.store.snapshots import snapshots


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was exported."""

    path: Path
    facts: Facts
    signed: tuple[str, ...]
    """Names of the signature files."""
    files: int


def export_evidence(
    config: Config,
    *,
    period: str | None = None,
    chosen: Collection[str] = (),
    output: Path | None = None,
    clock: Clock = now,
) -> Evidence:
    """Verify the store, then write the evidence of a period; by default of all runs.

    Raises `IntegrityError` where the store, the approval log or a baseline was altered: nothing is
    written then. Raises `UsageError` for a period without runs.
    """
    if problems := verify_everything(config).problems:
        raise IntegrityError(
            f"{len(problems)} problems, first: {problems[0]}",
            hint="nothing was exported; audit store verify names them all",
        )
    facts, files = assemble(config, period=period, chosen=chosen, at=clock())
    signed = dict(signatures(config, files))
    suffix = facts.period.label.replace("..", "_")
    target = output or config.evidence.directory / suffix
    bundle.write({**files, **signed}, target)
    return Evidence(target, facts, tuple(signed), len(files) + len(signed))


def assemble(
    config: Config, *, period: str | None, chosen: Collection[str], at: datetime
) -> tuple[Facts, dict[str, bytes]]:
    """Return the facts of a period and every file about them, signatures left out."""
    log = read_log(config.baseline.approvals)
    with reading(config.store) as con:
        asked = read_period(period) if period else _everything(con)
        runs = runs_in(con, asked)
        if not runs:
            raise UsageError(f"no run started in {asked.label}", hint=_held(con))
        facts = gather(con, asked, runs, log, every=config.run.every, at=at)
        files = contents(con, config, facts, log, frameworks(chosen))
    files[bundle.MANIFEST] = bundle.manifest(_about(config, facts, log, chosen), files)
    files[bundle.SUMS] = bundle.sums(files)
    return facts, files


def program() -> dict[str, str]:
    """Return what writes evidence here."""
    return {"name": "auditor", "version": __version__, "duckdb": duckdb.__version__}


def _about(
    config: Config, facts: Facts, log: list[Entry], chosen: Collection[str]
) -> dict[str, Any]:
    """Return what the manifest says besides the files."""
    states = [d.state for d in facts.dispositions]
    first, last = facts.runs[0].snapshot, facts.last
    return {
        "period": {
            "label": facts.period.label,
            "start": rfc3339(facts.period.start),
            "end": rfc3339(facts.period.end),
            "until": rfc3339(facts.until),
        },
        "frameworks": sorted(chosen),
        "program": program(),
        "snapshots": {
            "first": first.id,
            "last": last.id,
            "seal_before": first.previous_digest,
            "last_seal": last.seal,
        },
        "approval_log": {"lines": len(log), "head": log[-1].sha256 if log else None},
        "baselines": sorted(
            {f"{n} v{v}" for n, v in (r.baseline for r in facts.runs if r.baseline)}
        ),
        "runs": len(facts.runs),
        "missed_runs": None if facts.missed is None else len(facts.missed),
        "gaps": len(facts.gaps),
        "findings": {state: states.count(state) for state in sorted(set(states))},
        "signatures": expected(config),
    }


def _everything(con: duckdb.DuckDBPyConnection) -> Period:
    """Return the period from the first to the last day that the store holds runs of."""
    known = snapshots(con)
    if not known:
        raise UsageError("the store holds no run yet", hint="audit run")
    days = (known[0].started_at.date(), known[-1].started_at.date())
    return read_period(f"{days[0]}..{days[1]}")


def _held(con: duckdb.DuckDBPyConnection) -> str:
    known = snapshots(con)
    if not known:
        return "the store holds no run yet: audit run"
    return (
        f"the store holds runs from {known[0].started_at:%Y-%m-%d} to "
        f"{known[-1].started_at:%Y-%m-%d}"
    )
