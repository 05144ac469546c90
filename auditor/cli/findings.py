"""`audit findings`: what holds now, one by one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from auditor.cli.common import (
    ConfigOption,
    JsonOption,
    SinceOption,
    SnapshotOption,
    load,
    out,
    print_json,
    visible,
)

app = typer.Typer(help="List findings and look at one of them.", no_args_is_help=True)


@app.command("list")
def list_(
    config: ConfigOption = None,
    snapshot: SnapshotOption = None,
    severity: Annotated[str | None, typer.Option(help="Only this severity.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Only this verdict.")] = None,
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    since: SinceOption = None,
    json: JsonOption = False,
) -> None:
    """List the findings of a run, worst first."""
    from auditor.inquiry import happened_since
    from auditor.model import FindingStatus, Severity, Verdict
    from auditor.pipeline import past_run
    from auditor.report.json import as_document

    _check("severity", severity and severity.lower(), Severity)
    _check("verdict", verdict and verdict.upper(), Verdict)
    _check("status", status and status.lower(), FindingStatus)
    loaded = load(config)
    run = past_run(loaded, snapshot)
    wanted = [
        f
        for f in run.findings
        if (severity is None or f.severity == severity.lower())
        and (verdict is None or f.verdict == verdict.upper())
        and (status is None or f.status == status.lower())
    ]
    if since is not None:
        wanted = happened_since(loaded, since, wanted)
    if json:
        keep = {f.fingerprint for f in wanted}
        found = [f for f in as_document(run)["findings"] if f["fingerprint"] in keep]
        print_json(found)
        return
    if not wanted:
        nothing = "No findings." if since is None else f"No findings since {since}."
        out().print(nothing if run.baseline else "No findings: nobody has approved a baseline yet.")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("finding", "severity", "verdict", "status", "resource", "reason"):
        table.add_column(title, overflow="fold")
    for f in wanted:
        table.add_row(
            f.fingerprint[:8],
            f.severity,
            f.verdict,
            f.status,
            visible(f.resource_id.rsplit("/", 1)[-1]),
            visible(f.reason),
        )
    out().print(table)


@app.command()
def show(
    fingerprint: Annotated[str, typer.Argument(help="Fingerprint, or its first characters.")],
    config: ConfigOption = None,
    snapshot: SnapshotOption = None,
    json: JsonOption = False,
) -> None:
    """Show everything about one finding."""
    from auditor.decisions import find_finding
    from auditor.pipeline import past_run
    from auditor.report.attribution import attributed
    from auditor.report.json import as_document

    run = past_run(load(config), snapshot)
    chosen = find_finding(run.findings, fingerprint)
    document = next(
        f for f in as_document(run)["findings"] if f["fingerprint"] == chosen.fingerprint
    )
    if json:
        print_json(document)
        return
    import json as encoder

    for key, value in document.items():
        if value not in (None, [], "", {}):
            text = value if isinstance(value, str) else encoder.dumps(value, ensure_ascii=False)
            if key == "attribution" and (who := attributed(value)):
                out().print(visible(who), soft_wrap=True)
            out().print(f"{key}: {visible(text)}", soft_wrap=True)
    out().print(f'\nAccept it: audit baseline approve --finding {fingerprint} --reason "..."')


def _check(option: str, value: str | None, allowed: type[StrEnum]) -> None:
    from auditor.errors import UsageError

    if value is not None and value not in list(allowed):
        raise UsageError(f"--{option} {value!r}", hint=f"one of {', '.join(allowed)}")
