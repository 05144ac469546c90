"""`audit baseline`: what people have approved, and approving more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.common import ConfigOption, JsonOption, err, load, out, print_json, visible

if TYPE_CHECKING:
    from auditor.baseline.approve import Approved
    from auditor.config import Config
    from auditor.model import AuditRun, Baseline, Finding

app = typer.Typer(
    help="Approve snapshots and findings; list what is approved.", no_args_is_help=True
)

NameOption = Annotated[
    str | None,
    typer.Option("--name", help="Which baseline.", show_default="baseline.name"),
]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="Who approves.",
        show_default="the signing key's principal, else the system user",
    ),
]
PreparedByOption = Annotated[
    str | None,
    typer.Option("--prepared-by", help="Who prepared this.", show_default="as for --by"),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="SSH key that signs.", show_default="baseline.signing_key"),
]
TicketOption = Annotated[str | None, typer.Option("--ticket", help="Change or ticket number.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def approve(  # noqa: PLR0913, PLR0917  # options of a command are parameters
    config: ConfigOption = None,
    name: NameOption = None,
    finding: Annotated[
        list[str] | None,
        typer.Option(help="Accept only this finding (fingerprint or its start); repeatable."),
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option(help="Accept only the findings of this query or setting; repeatable."),
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(help="Approve only what is in this account; repeatable."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why this is as it should be.")] = "",
    ticket: TicketOption = None,
    by: ByOption = None,
    prepared_by: PreparedByOption = None,
    key: KeyOption = None,
    review_due: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="When to look at it again: YYYY-MM-DD."),
    ] = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Approve the newest snapshot, an account of it, or findings, as the next version."""
    from auditor import decisions

    settings = signing(load(config), key)
    request = decisions.prepare(
        settings, findings=finding or [], queries=query or [], accounts=account or [], name=name
    )
    if not yes:
        _confirm(request)
    due = review_due.replace(tzinfo=UTC) if review_due else None
    approved = decisions.approve(
        settings,
        request,
        decisions.Who(by=by, prepared_by=prepared_by, reason=reason, ticket=ticket, review_due=due),
    )
    print_approved(approved, json=json)


@app.command()
def sign(
    config: ConfigOption = None,
    name: NameOption = None,
    line: Annotated[
        int | None, typer.Option(help="Line of the approval log.", show_default="the newest")
    ] = None,
    by: ByOption = None,
    key: KeyOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Sign an approval that another person made, where more than one has to."""
    from auditor import decisions

    settings = signing(load(config), key)
    entry = decisions.unsigned_line(settings, line, name)
    if not yes:
        err().print(f"You are about to sign line {entry.number} of the approval log:")
        for field, value in entry.content.items():
            err().print(f"  {visible(field)}: {visible(value)}")
        typer.confirm("Sign it?", abort=True, err=True)
    stands = decisions.sign(settings, entry, by)
    if json:
        newest = stands.baseline
        print_json(
            {
                "line": entry.number,
                "in_force": newest and _plain(newest),
                "waiting": list(stands.waiting),
            }
        )
        return
    out().print(f"Signed: line {entry.number} of the approval log.")
    if stands.baseline is not None:
        out().print(
            f"In force: baseline {visible(stands.baseline.name)} v{stands.baseline.version}, "
            f"{visible(stands.baseline.signed_text)}."
        )
    print_waiting(stands.waiting)


@app.command("list")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List all versions of all baselines."""
    from auditor import decisions

    known = decisions.all_versions(load(config))
    if json:
        print_json([_plain(b) for b in known])
        return
    if not known:
        out().print('No baseline yet. Approve one: audit baseline approve --reason "..."')
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("name", "version", "approved by", "approved at", "scopes", "ticket", "reason"):
        table.add_column(title, overflow="fold")
    for b in known:
        table.add_row(
            visible(b.name),
            str(b.version),
            visible(b.approved_by),
            f"{b.approved_at:%Y-%m-%d %H:%M}",
            str(b.scopes),
            visible(b.ticket or "-"),
            visible(b.reason),
        )
    out().print(table)


@app.command()
def show(
    config: ConfigOption = None,
    name: NameOption = None,
    version: Annotated[
        int | None, typer.Option(help="Which version.", show_default="newest")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show one version: who approved what, when and why; verified as far as a run does."""
    from auditor import decisions

    found = decisions.describe(load(config), name, version)
    if json:
        print_json(found)
        return
    found["signed_by"] = ", ".join(found["signed_by"]) or "unsigned"
    for key, value in found.items():
        if isinstance(value, list):
            out().print(f"{key}: {len(value)}")
            for item in value[:50]:
                parts = item.values() if isinstance(item, dict) else [item]
                out().print(f"  {visible(' '.join(map(str, parts)))}")
        else:
            out().print(f"{key}: {visible('-' if value is None else value)}")


def print_approved(approved: Approved, *, json: bool) -> None:
    """Say what an approval came to."""
    if json:
        print_json(
            {
                "baseline": _plain(approved.baseline),
                "uncovered": len(approved.uncovered),
                "waiting": list(approved.waiting),
            }
        )
        return
    baseline = approved.baseline
    out().print(
        f"Approved: baseline {visible(baseline.name)} v{baseline.version} by "
        f"{visible(baseline.approved_by)}, {baseline.signed_text}, {baseline.scopes} scopes, "
        f"digest {baseline.digest[:16]}."
    )
    print_waiting(approved.waiting)
    if approved.uncovered:
        out().print(f"{len(approved.uncovered)} scopes were not read and stay unapproved:")
        for gap in approved.uncovered[:20]:
            out().print(f"  {visible(gap.table)} in {visible(gap.scope)}: {gap.status}")


def signing(config: Config, key: Path | None) -> Config:
    """Return the configuration with the key that `--key` names."""
    if key is None:
        return config
    baseline = config.baseline.model_copy(update={"signing_key": key.expanduser().absolute()})
    return config.model_copy(update={"baseline": baseline})


def print_waiting(waiting: Sequence[str]) -> None:
    """Say whose signatures something waits for."""
    for text in waiting:
        out().print(f"Not in force yet: {visible(text)}. Next: audit baseline sign")


def _confirm(request: Any) -> None:
    run: AuditRun = request.run
    loosened = [f for f in request.findings if f.verdict in ("LOOSENED", "SUSPICIOUS")]
    console = err()
    what = f"{len(request.findings)} findings" if request.single else f"snapshot {run.snapshot.id}"
    if request.accounts:
        what += f" in {visible(', '.join(request.accounts))}"
    console.print(f"You are about to approve {what} as it should be.")
    if request.findings and not request.single:
        console.print(f"It absorbs {len(request.findings)} open findings.")
    for item in loosened:
        _show_loosened(item)
        typer.confirm("Approve this?", abort=True, err=True)
    if not loosened:
        typer.confirm("Approve?", abort=True, err=True)


def _show_loosened(finding: Finding) -> None:
    err().print(
        f"\n{finding.severity} {finding.verdict} {visible(finding.resource_id)}\n"
        f"  {visible(finding.reason)}"
    )


def _plain(baseline: Baseline) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(baseline)
