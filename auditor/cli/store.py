"""`audit store`: is it whole, and how large is it."""

from __future__ import annotations

import typer

from auditor.cli.common import ConfigOption, JsonOption, load, out, plain, print_json, visible

app = typer.Typer(help="Verify the store; show its size.", no_args_is_help=True)


@app.command()
def verify(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Recompute every hash, digest and chain; exit 5 where something was altered."""
    from auditor.inquiry import verify_everything

    result = verify_everything(load(config))
    if json:
        print_json(
            {
                "snapshots": result.snapshots,
                "rows": result.rows,
                "problems": list(result.problems),
            }
        )
    elif result.problems:
        out().print(f"{len(result.problems)} problems:")
        for problem in result.problems:
            out().print(f"  {visible(problem)}", soft_wrap=True)
    else:
        out().print(
            f"Verified: {result.snapshots} snapshots, {result.rows:,} row versions, the chain of "
            "seals and the approval log."
        )
    raise typer.Exit(5 if result.problems else 0)


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
