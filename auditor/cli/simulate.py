"""`audit simulate`: what rules would loosen, asked before they are merged."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import (
    ConfigOption,
    JsonOption,
    SnapshotOption,
    load,
    out,
    print_json,
    visible,
)

if TYPE_CHECKING:
    from auditor.simulation.simulate import Change, Simulation

_FORMATS = ("text", "json", "markdown")
_LONGEST = 1_000
_GROUPS = ("loosened", "unknown", "new", "tightened")
"""What a person has to look at comes first."""


def simulate(
    file: Annotated[
        Path,
        typer.Argument(help="JSON of AWS CLI, az or gcloud, an ARM template or a Terraform plan."),
    ],
    config: ConfigOption = None,
    snapshot: SnapshotOption = None,
    format: Annotated[
        str, typer.Option("--format", "-f", help="text, json, or markdown for a review.")
    ] = "text",
    json: JsonOption = False,
) -> None:
    """Say whether proposed rules would loosen anything, before they are merged."""
    from auditor.errors import UsageError
    from auditor.simulation.simulate import simulate as judge

    wanted = "json" if json else format
    if wanted not in _FORMATS:
        raise UsageError(f"--format {format!r}", hint=f"one of {', '.join(_FORMATS)}")
    result = judge(load(config), file, snapshot)
    {"json": _show_json, "markdown": _show_markdown, "text": _show_text}[wanted](result)
    raise typer.Exit(result.exit_code)


def _show_json(result: Simulation) -> None:
    found = {name: [asdict(c) for c in getattr(result, name)] for name in _GROUPS}
    print_json({"snapshot": result.snapshot, **found, "exit_code": result.exit_code})


def _show_text(result: Simulation) -> None:
    console = out()
    console.print(_headline(result))
    for change in _all(result):
        console.print(
            f"\n{change.severity} {change.verdict}  {visible(_title(change))}", soft_wrap=True
        )
        console.print(f"  {visible(change.reason)}", soft_wrap=True)
        console.print(f"  {visible(_place(change))}", soft_wrap=True)


def _show_markdown(result: Simulation) -> None:
    lines = [f"**{_headline(result)}**"]
    changes = _all(result)
    if changes:
        lines += ["", "| severity | verdict | policy | reason |", "|---|---|---|---|"]
    lines += [
        f"| {c.severity} | {c.verdict} | {_cell(_title(c))} | {_cell(c.reason)} |" for c in changes
    ]
    typer.echo("\n".join(lines))


def _all(result: Simulation) -> list[Change]:
    return [change for name in _GROUPS for change in getattr(result, name)]


def _headline(result: Simulation) -> str:
    counts = [f"{len(getattr(result, n))} {n}" for n in _GROUPS if getattr(result, n)]
    if result.loosened:
        word = "LOOSER"
    elif result.unknown:
        word = "NOT KNOWN"
    else:
        word = "NOT LOOSER"
    return f"{word} than snapshot {result.snapshot}: {', '.join(counts) or 'nothing changes'}"


def _title(change: Change) -> str:
    short = change.resource_id.rsplit("/", 1)[-1]
    return f"{change.name} ({short})" if change.name and change.name != short else short


def _place(change: Change) -> str:
    parts = (change.cloud, change.account_id, change.region)
    return f"{'/'.join(p for p in parts if p)}  {change.where}".strip()


def _cell(text: str) -> str:
    """Return text for a cell of a Markdown table, without markup of its own."""
    from auditor.report.plain import markdown

    return markdown(text, _LONGEST)
