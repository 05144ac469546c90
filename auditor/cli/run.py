"""`audit run`, and its steps one by one: collect, diff, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import ConfigOption, JsonOption, QuietOption, SnapshotOption, load, out
from auditor.report.formats import format_names

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.model import AuditRun

FailOnOption = Annotated[
    str | None,
    typer.Option(help="Least severity that makes exit code 3.", show_default="run.fail_on"),
]


def run(
    config: ConfigOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    fail_on: FailOnOption = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit 0 whatever was found, errors excepted.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", help="Folder of an exported baseline to compare with.", show_default=False
        ),
    ] = None,
) -> None:
    """Take a snapshot, compare it with the approved baseline, report what is new or looser."""
    from auditor import pipeline
    from auditor.cli.progress import progress_bar
    from auditor.report.files import check_formats, write_reports

    settings = _with_fail_on(load(config), fail_on)
    check_formats(settings.report.formats)
    if baseline is not None:
        from auditor.transfer import against

        settings = against(settings, baseline)
    with progress_bar(quiet=quiet) as progress:
        result = pipeline.run(settings, progress=progress)
    files = write_reports(result, settings.report)
    _show(result, json=json, quiet=quiet)
    if files and not (json or quiet):
        out().print("\nWritten: " + ", ".join(str(path) for path in files), soft_wrap=True)
    raise typer.Exit(0 if exit_zero else result.exit_code)


def collect(
    config: ConfigOption = None, json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Take and seal a snapshot only, without comparing it."""
    from auditor import pipeline
    from auditor.cli.progress import progress_bar

    settings = load(config)
    with progress_bar(quiet=quiet) as progress:
        result = pipeline.take_snapshot(settings, progress=progress)
    if json or quiet:
        _show(result, json=json, quiet=quiet)
    else:
        from auditor.report.terminal import show_coverage

        show_coverage(result, out())
    raise typer.Exit(result.exit_code)


def diff(
    config: ConfigOption = None,
    snapshot: SnapshotOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
    fail_on: FailOnOption = None,
) -> None:
    """Compare a sealed snapshot with the newest baseline, without collecting."""
    from auditor import pipeline

    settings = _with_fail_on(load(config), fail_on)
    result = pipeline.compare(settings, snapshot=snapshot)
    _show(result, json=json, quiet=quiet)
    raise typer.Exit(result.exit_code)


def report(
    config: ConfigOption = None,
    snapshot: Annotated[
        str | None,
        typer.Option(
            "--run",
            "--snapshot",
            "-s",
            help="Which run: number, run id or UTC time.",
            show_default="latest",
        ),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", "-f", help=f"terminal, {', '.join(format_names())}.")
    ] = "terminal",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout without it.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show or write the report of a run again; works while another run is collecting."""
    from auditor import pipeline
    from auditor.report.files import write_file
    from auditor.report.formats import render

    wanted = "json" if json else format
    if wanted != "terminal":
        from auditor.report.files import check_formats

        check_formats([wanted])
    result = pipeline.past_run(load(config), snapshot)
    if wanted == "terminal" and output is None:
        _show(result, json=False, quiet=False)
        return
    if wanted == "terminal":
        import io

        from rich.console import Console

        from auditor.report.terminal import show

        text = io.StringIO()
        show(result, Console(file=text, width=100, highlight=False))
        content = text.getvalue().encode()
    else:
        content = render(result, wanted)
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        write_file(output, content)


def _with_fail_on(config: Config, fail_on: str | None) -> Config:
    from auditor.errors import UsageError
    from auditor.model import Severity

    if fail_on is None:
        return config
    if fail_on not in list(Severity):
        raise UsageError(
            f"--fail-on {fail_on!r} is no severity", hint=f"one of {', '.join(Severity)}"
        )
    run = config.run.model_copy(update={"fail_on": Severity(fail_on)})
    return config.model_copy(update={"run": run})


def _show(result: AuditRun, *, json: bool, quiet: bool) -> None:
    if json:
        from auditor.report.formats import render

        sys.stdout.buffer.write(render(result, "json"))
        sys.stdout.buffer.flush()
    elif not quiet:
        from auditor.report.terminal import show

        show(result, out())
