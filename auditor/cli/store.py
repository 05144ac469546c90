"""`audit store`: is it whole, and how large is it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import ConfigOption, JsonOption, load, out, plain, print_json, visible

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.replay import Replayed
    from auditor.store.verify import Verification

app = typer.Typer(help="Verify the store; show its size.", no_args_is_help=True)


@app.command()
def verify(
    config: ConfigOption = None,
    replay: Annotated[
        bool,
        typer.Option(
            "--replay", help="Compare every recorded run again, too: are the findings the same?"
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Recompute every hash, digest and chain; exit 5 where something was altered."""
    from auditor.inquiry import verify_everything

    configured = load(config)
    result = verify_everything(configured, described=replay)
    runs = _compared_again(configured) if replay else []
    problems = [*result.problems, *(problem for run in runs for problem in run.problems)]
    if json:
        found = {"snapshots": result.snapshots, "rows": result.rows, "problems": problems}
        print_json(found | ({"replayed": [_run(run) for run in runs]} if replay else {}))
    else:
        _tell(result, runs, problems)
    raise typer.Exit(5 if problems else 0)


@app.command()
def stats(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show how much the store holds."""
    from auditor.inquiry import statistics

    found = statistics(load(config))
    if json:
        print_json(
            {
                "bytes": found.bytes,
                "snapshots": found.snapshots,
                "first": found.first,
                "last": found.last,
                "tables": [
                    {"table": name, "rows": rows, "versions": versions}
                    for name, rows, versions in found.tables
                ],
            }
        )
        return
    out().print(
        f"{found.bytes / 1e6:.1f} MB, {found.snapshots} snapshots"
        + (f" from {plain(found.first)} to {plain(found.last)}" if found.first else "")
    )
    for name, rows, versions in found.tables:
        out().print(f"  {name}: {rows:,} rows now, {versions:,} versions")


def _compared_again(config: Config) -> list[Replayed]:
    from auditor.replay import replay

    return replay(config)


def _run(run: Replayed) -> dict[str, object]:
    return {
        "snapshot": run.snapshot,
        "findings": run.findings,
        "not_comparable": run.not_comparable or None,
        "problems": run.problems,
    }


def _tell(result: Verification, runs: Sequence[Replayed], problems: Sequence[str]) -> None:
    console = out()
    for run in runs:
        if run.not_comparable:
            why = visible(run.not_comparable)
            console.print(f"Run of snapshot {run.snapshot} is not comparable: {why}")
    if problems:
        console.print(f"{len(problems)} problems:")
        for problem in problems:
            console.print(f"  {visible(problem)}", soft_wrap=True)
        return
    console.print(
        f"Verified: {result.snapshots} snapshots, {result.rows:,} row versions, the chain of "
        "seals and the approval log."
    )
    again = [run for run in runs if not run.not_comparable]
    if runs:
        found = sum(run.findings for run in again)
        console.print(
            f"Compared again: {len(again)} of {len(runs)} runs, {found:,} findings, equal."
        )
