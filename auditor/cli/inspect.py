"""Looking closer: history, query."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from auditor.cli.common import (
    ConfigOption,
    JsonOption,
    ResourceArgument,
    SnapshotOption,
    cell,
    load,
    out,
    plain,
    print_json,
    short,
    visible,
)


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, or - to read it from stdin.")],
    config: ConfigOption = None,
    snapshot: SnapshotOption = None,
    format: Annotated[str, typer.Option("--format", "-f", help="table, json or csv.")] = "table",
    json: JsonOption = False,
) -> None:
    """Ask the store in read-only SQL: tables, views, history.<table>, coverage, findings."""
    from auditor.errors import UsageError
    from auditor.inquiry import select

    wanted = "json" if json else format
    if wanted not in ("table", "json", "csv"):
        raise UsageError(f"--format {format!r}", hint="one of table, json, csv")
    text = sys.stdin.read() if sql == "-" else sql
    columns, rows = select(load(config), text, snapshot)
    if wanted == "json":
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif wanted == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if v is None else cell(v) for v in row] for row in rows])
    else:
        _print_rows(columns, rows)


def history(
    resource: ResourceArgument, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Show what a resource looked like, version by version, and when nobody could look."""
    from auditor.inquiry import resource_history

    found = resource_history(load(config), resource)
    if json:
        print_json(found)
        return
    console = out()
    console.print(f"{visible(found['resource_id'])}  ({found['table']})", soft_wrap=True)
    for version in found["versions"]:
        until = f"until {plain(version['until'])}" if version["until"] else "until now"
        console.print(f"\nsnapshot {version['valid_from']}  {plain(version['since'])} {until}")
        for column, (old, new) in version["changes"].items():
            console.print(f"  {column}: {short(old)} -> {short(new)}", soft_wrap=True)
        if not version["changes"]:
            console.print("  first seen" if version["first"] else "  seen again, unchanged")
    for gap in found["unobserved"]:
        console.print(f"\nnot observed in snapshot {gap['snapshot']}: {gap['status']}")


def _print_rows(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    from rich.table import Table

    if not rows:
        out().print(f"no rows ({', '.join(columns)})")
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(visible(column), overflow="fold")
    for row in rows:
        table.add_row(*(visible(cell(value)) for value in row))
    out().print(table)
