"""What commands share: options, configuration, output. Imports nothing heavy."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from auditor.config import Config

SHOWN = 200
"""Characters of a value that are shown."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Configuration file; audit.toml of this folder where it exists, else defaults.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]
ResourceArgument = Annotated[str, typer.Argument(help="Id, end of an id, or name.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no report, no progress.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="Only what happened after this snapshot: a number, a run id or a UTC time.",
        show_default=False,
    ),
]
SnapshotOption = Annotated[
    str | None,
    typer.Option(
        "--snapshot", "-s", help="A snapshot's number, run id or UTC time.", show_default="latest"
    ),
]


def load(path: Path | None) -> Config:
    """Return the configuration that a command works with, and set up the logs."""
    from auditor.cli.logs import set_up
    from auditor.config import load_config

    set_up()
    return load_config(path)


def out() -> Console:
    """Return the console for data: stdout."""
    from rich.console import Console

    return Console(highlight=False, width=None if sys.stdout.isatty() else _piped_width())


def err() -> Console:
    """Return the console for everything that is not data: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=plain) + "\n")


def plain(value: object) -> object:
    """Return a value in a form that JSON has."""
    from datetime import datetime

    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def visible(value: object) -> str:
    """Return text for a terminal: control characters shown, markup inert."""
    from rich.markup import escape

    from auditor.report.plain import visible as shown

    return escape(shown("" if value is None else str(value)))


def cell(value: object) -> str:
    """Return a value of a row as text; lists and objects as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return json.dumps(value, default=plain, ensure_ascii=False)
    return str(plain(value)) if value is not None else ""


def short(value: object) -> str:
    """Return a value of a row in a line for a terminal, cut where it is long."""
    text = "none" if value is None else cell(value)
    return visible(text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)")


def _piped_width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else 100
