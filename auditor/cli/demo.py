"""`audit demo`: the whole story without any cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.common import out, visible


def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where store and reports go.", show_default="a new temporary folder"),
    ] = None,
) -> None:
    """Play an attack on a simulated cloud, from first snapshot to report. No credentials needed."""
    import tempfile

    from auditor import demonstration
    from auditor.report.terminal import show

    place = folder or Path(tempfile.mkdtemp(prefix="audit-demo-"))
    console = out()
    result = demonstration.play(place, lambda line: console.print(visible(line), soft_wrap=True))
    console.print()
    show(result, console)
    console.print("\nLook around:")
    for line in demonstration.leftovers(place):
        console.print(f"  {visible(line)}", soft_wrap=True)
