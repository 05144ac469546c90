"""The command `audit`: its groups, and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from auditor.cli import (
    baseline,
    demo,
    evidence,
    explain,
    findings,
    inspect,
    lists,
    run,
    setup,
    simulate,
    store,
    transfer,
    upkeep,
    waivers,
)
from auditor.errors import AuditorError, MissingExtraError

app = typer.Typer(
    name="audit",
    help="Say what is new or loosened in your clouds since a baseline that people approved.\n\n"
    "First: audit init, audit doctor, audit run. Without any cloud: audit demo.",
    epilog="Exit codes: 0 clean and complete, 1 unexpected error, 2 usage or configuration, "
    "3 drift, 4 incomplete coverage or nothing approved, 5 integrity, 75 another run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

START, WATCH, DECIDE, LOOK = "Start", "Audit", "Decide", "Look closer"

app.command("init", rich_help_panel=START)(setup.init)
app.command("doctor", rich_help_panel=START)(setup.doctor)
app.command("demo", rich_help_panel=START)(demo.demo)
app.command("permissions", rich_help_panel=START)(lists.permissions)
app.command("run", rich_help_panel=WATCH)(run.run)
app.command("collect", rich_help_panel=WATCH)(run.collect)
app.command("diff", rich_help_panel=WATCH)(run.diff)
app.command("report", rich_help_panel=WATCH)(run.report)
app.command("simulate", rich_help_panel=DECIDE)(simulate.simulate)
baseline.app.command("export")(transfer.export)
baseline.app.command("import")(transfer.import_)
baseline.app.command("diff")(upkeep.diff)
baseline.app.command("rollback")(upkeep.rollback)
baseline.app.command("review-due")(upkeep.review_due)
app.add_typer(baseline.app, name="baseline", rich_help_panel=DECIDE)
app.command("waive", rich_help_panel=DECIDE)(waivers.waive)
app.add_typer(waivers.app, name="waivers", rich_help_panel=DECIDE)
app.add_typer(findings.app, name="findings", rich_help_panel=DECIDE)
app.add_typer(evidence.app, name="evidence", rich_help_panel=DECIDE)
app.command("explain", rich_help_panel=LOOK)(explain.explain)
app.command("history", rich_help_panel=LOOK)(inspect.history)
app.command("query", rich_help_panel=LOOK)(inspect.query)
app.add_typer(lists.app, name="list", rich_help_panel=LOOK)
app.add_typer(store.app, name="store", rich_help_panel=LOOK)
app.command("version", rich_help_panel=LOOK)(setup.version)

INTERRUPTED = 130

EXTRAS = {
    "azure": "azure",
    "boto3": "aws",
    "botocore": "aws",
    "cloudquery": "aws",
    "google": "gcp",
    "pyarrow": "aws",
    "requests": "gcp",
}
"""Optional packages, and the extra that brings each."""


def main() -> None:
    """Run the command line and exit; the console script."""
    try:
        app()
    except AuditorError as exc:
        _fail(exc)
    except ModuleNotFoundError as exc:
        extra = EXTRAS.get((exc.name or "").split(".")[0])
        if extra is None:
            raise
        _fail(
            MissingExtraError(
                f"this command needs {exc.name}, which is not installed",
                hint=f"pip install 'cloud-baseline-auditor[{extra}]'",
            )
        )
    except KeyboardInterrupt:
        sys.stderr.write("audit: interrupted; nothing was sealed\n")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # NOTE: the reader of a pipe has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(error: AuditorError) -> NoReturn:
    sys.stderr.write(f"audit: {error.diagnostics()}\n")
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
