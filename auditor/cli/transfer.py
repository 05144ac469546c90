"""`audit baseline export` and `import`: a baseline as files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.baseline import NameOption
from auditor.cli.common import ConfigOption, JsonOption, load, out, print_json, visible


def export(
    config: ConfigOption = None,
    name: NameOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder to write.", show_default="baseline.directory/NAME"
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write the version in force as files: manifest, approval log, signatures, rows."""
    from auditor import transfer

    baseline, path = transfer.export_baseline(load(config), name=name, output=output)
    if json:
        print_json({"name": baseline.name, "version": baseline.version, "path": str(path)})
        return
    out().print(
        f"Exported: baseline {visible(baseline.name)} v{baseline.version} to {visible(path)}",
        soft_wrap=True,
    )


def import_(
    path: Annotated[Path, typer.Argument(help="Folder of an exported baseline.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Verify an exported baseline and take it in; exit code 4 where it waits for signatures."""
    from auditor import transfer
    from auditor.model import Outcome

    stands = transfer.import_baseline(load(config), path)
    baseline = stands.baseline
    if json:
        print_json({"in_force": baseline and asdict(baseline), "waiting": list(stands.waiting)})
    elif baseline is not None:
        out().print(
            f"In force: baseline {visible(baseline.name)} v{baseline.version}, approved by "
            f"{visible(baseline.approved_by)}, {visible(baseline.signed_text)}."
        )
    for text in () if json else stands.waiting:
        out().print(f"Not in force: {visible(text)}")
    raise typer.Exit(Outcome.UNAPPROVED.exit_code if baseline is None or stands.waiting else 0)
