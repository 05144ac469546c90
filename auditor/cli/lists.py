"""`audit list` and `audit permissions`: what there is to read and to compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.common import (
    ConfigOption,
    JsonOption,
    SinceOption,
    load,
    out,
    print_json,
    visible,
)

if TYPE_CHECKING:
    from auditor.diff.references import References

app = typer.Typer(help="List tables, drift queries and settings.", no_args_is_help=True)

FormatOption = Annotated[str, typer.Option("--format", "-f", help="table, json or markdown.")]


@app.command()
def tables(
    columns: Annotated[bool, typer.Option("--columns", help="List the columns too.")] = False,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """List the tables that can be read, with the permissions that each needs."""
    from auditor.collect.catalog import all_tables

    rows: list[dict[str, Any]] = []
    for table in all_tables():
        spec = table.spec()
        row: dict[str, Any] = {
            "table": spec.name,
            "title": spec.title,
            "description": spec.description,
            "permissions": list(table.permissions),
        }
        if columns:
            row["columns"] = [
                {
                    "column": c.name,
                    "type": c.type,
                    "volatile": c.volatile,
                    "description": c.description,
                }
                for c in spec.columns
            ]
        rows.append(row)
    _emit(rows, "json" if json else format, ("table", "title", "permissions"))


@app.command()
def queries(
    config: ConfigOption = None, format: FormatOption = "table", json: JsonOption = False
) -> None:
    """List the drift queries, shipped and configured."""
    from dataclasses import asdict

    from auditor.diff.queries import load_queries

    rows = [asdict(query) for query in load_queries(load(config).run.queries)]
    _emit(rows, "json" if json else format, ("id", "severity", "verdicts", "attack", "title"))


@app.command()
def settings(
    config: ConfigOption = None, format: FormatOption = "table", json: JsonOption = False
) -> None:
    """List the setting catalogue: which change is loosened, and how bad."""
    from auditor.diff.settings import load_settings

    rows = [s.model_dump(mode="json") for s in load_settings(load(config).severity)]
    _emit(rows, "json" if json else format, ("id", "severity", "column", "comparator", "title"))


@app.command()
def noise(
    since: SinceOption = None,
    config: ConfigOption = None,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """List what fires most and how that ended: where tuning pays."""
    from dataclasses import asdict

    from auditor.inquiry import fired_most

    first, found = fired_most(load(config), since)
    rows = [asdict(n) for n in found]
    if not rows and format == "table" and not json:
        out().print(f"Nothing has fired since snapshot {first}.")
        return
    columns = ("query_id", "fired", "resources", "came_back", "ended_at_once", "accepted", "open")
    _emit(rows, "json" if json else format, (*columns, "example"))


@app.command()
def attack(
    config: ConfigOption = None, format: FormatOption = "table", json: JsonOption = False
) -> None:
    """List the ATT&CK techniques that are watched, and by how many queries and settings."""
    from auditor.frameworks import load_attack

    map = load_attack()
    named = _references(config)
    rows: list[dict[str, Any]] = []
    for id in named.techniques:
        known = map.techniques.get(id)
        rows.append(
            {
                "technique": id,
                "title": known.title if known else "",
                "was": list(known.was) if known else [],
                "detection": known.detection if known else None,
                "components": list(known.components) if known else [],
                "queries": len(named.queries.get(id, ())),
                "settings": len(named.settings.get(id, ())),
                "version": map.version,
            }
        )
    columns = ("technique", "title", "was", "queries", "settings")
    _emit(rows, "json" if json else format, columns)


@app.command()
def controls(
    framework: Annotated[
        str | None, typer.Option("--framework", help="Only this one; the start of a name does.")
    ] = None,
    config: ConfigOption = None,
    format: FormatOption = "table",
    json: JsonOption = False,
) -> None:
    """List the controls that queries and settings answer, and which records do."""
    from auditor.errors import UsageError
    from auditor.frameworks import answered, load_controls

    known = load_controls()
    rows: list[dict[str, Any]] = []
    for name, ids in answered(_references(config).controls).items():
        if not name.startswith(framework or ""):
            continue
        title = f"{known[name].title} {known[name].version}" if name in known else name
        for id in ids:
            control = known[name].controls.get(id) if name in known else None
            rows.append(
                {
                    "control": f"{name}:{id}",
                    "framework": title,
                    "title": control.title if control else "",
                    "answered_by": list(control.answers) if control else ["findings"],
                    "through": list(control.through) if control else [],
                }
            )
    if framework and not rows:
        raise UsageError(
            f"there is no framework {framework!r}", hint=f"one of {', '.join(sorted(known))}"
        )
    _emit(rows, "json" if json else format, ("control", "title", "answered_by"))


def permissions(
    cloud: Annotated[str, typer.Argument(help="aws, azure or gcp.")],
    config: ConfigOption = None,
    format: Annotated[str, typer.Option("--format", "-f", help="json or terraform.")] = "json",
) -> None:
    """Print the least that the read-only role of a cloud must be allowed."""
    from auditor.collect.catalog import CLOUDS
    from auditor.collect.permissions import policy
    from auditor.errors import UsageError

    if cloud not in CLOUDS:
        raise UsageError(f"there are no tables for {cloud!r}", hint=f"one of {', '.join(CLOUDS)}")
    typer.echo(policy(load(config), cloud, format))


def _references(config: Path | None) -> References:
    from auditor.diff.queries import load_queries
    from auditor.diff.references import references
    from auditor.diff.settings import load_settings

    configured = load(config)
    return references(load_queries(configured.run.queries), load_settings(configured.severity))


def _emit(rows: list[dict[str, Any]], form: str, columns: tuple[str, ...]) -> None:
    from auditor.errors import UsageError

    if form == "json":
        print_json(rows)
    elif form == "markdown":
        titles = [column.replace("_", " ") for column in columns]
        typer.echo("| " + " | ".join(titles) + " |\n|" + "---|" * len(columns))
        for row in rows:
            typer.echo("| " + " | ".join(_text(row[c]).replace("|", "\\|") for c in columns) + " |")
    elif form == "table":
        from rich.table import Table

        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(column.replace("_", " "), overflow="fold")
        for row in rows:
            table.add_row(*(visible(_text(row[c])) for c in columns))
        out().print(table)
    else:
        raise UsageError(f"--format {form!r}", hint="one of table, json, markdown")


def _text(value: object) -> str:
    return ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)
