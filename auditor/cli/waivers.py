"""`audit waive` and `audit waivers`: exceptions that have an owner and end by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.baseline import (
    ByOption,
    KeyOption,
    PreparedByOption,
    TicketOption,
    print_waiting,
    signing,
)
from auditor.cli.common import ConfigOption, JsonOption, load, out, plain, print_json, visible

if TYPE_CHECKING:
    from auditor.baseline.waivers import Waiver

app = typer.Typer(help="List waivers, renew and revoke them.", no_args_is_help=True)

FingerprintArgument = Annotated[
    str, typer.Argument(help="Fingerprint of the finding, or its first characters.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.", show_default=False)]
ExpiresOption = Annotated[
    str,
    typer.Option("--expires", help="Until when: YYYY-MM-DD (UTC), or so many days from now: 30d."),
]


def waive(  # noqa: PLR0913, PLR0917  # options of a command are parameters
    fingerprint: FingerprintArgument,
    reason: ReasonOption,
    owner: Annotated[str, typer.Option(help="Who answers for it.")],
    expires: ExpiresOption,
    config: ConfigOption = None,
    ticket: TicketOption = None,
    by: ByOption = None,
    prepared_by: PreparedByOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Accept a finding for some time: it does not count until then, and fires again after."""
    from auditor import decisions

    who = decisions.Who(by=by, prepared_by=prepared_by, reason=reason, ticket=ticket)
    term = decisions.Term(owner, _moment(expires))
    waiver = decisions.waive(signing(load(config), key), fingerprint, who, term)
    _print(waiver, "Waived", json=json)


@app.command("list")
def list_(config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the waivers that hold, and those that wait for signatures."""
    from auditor import decisions

    held = decisions.held_waivers(load(config))
    if json:
        print_json([_plain(waiver) for waiver in held])
        return
    if not held:
        out().print("No waivers.")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("finding", "until", "owner", "approved by", "resource", "reason", "signatures"):
        table.add_column(title, overflow="fold")
    for waiver in held:
        content = waiver.content
        table.add_row(
            waiver.fingerprint[:8],
            f"{waiver.expires_at:%Y-%m-%d}",
            visible(content["owner"]),
            visible(content["approved_by"]),
            visible(str(content["resource_id"]).rsplit("/", 1)[-1]),
            visible(content["reason"]),
            visible(waiver.waiting or ", ".join(waiver.signed_by) or "unsigned"),
        )
    out().print(table)


@app.command()
def renew(  # noqa: PLR0913, PLR0917  # options of a command are parameters
    fingerprint: FingerprintArgument,
    reason: ReasonOption,
    expires: ExpiresOption,
    config: ConfigOption = None,
    owner: Annotated[
        str | None, typer.Option(help="Who answers for it.", show_default="as before")
    ] = None,
    ticket: TicketOption = None,
    by: ByOption = None,
    prepared_by: PreparedByOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Let a waiver hold longer; for the same content, and with a reason of its own."""
    from auditor import decisions

    who = decisions.Who(by=by, prepared_by=prepared_by, reason=reason, ticket=ticket)
    term = decisions.Term(owner, _moment(expires))
    waiver = decisions.renew(signing(load(config), key), fingerprint, who, term)
    _print(waiver, "Renewed", json=json)


@app.command()
def revoke(  # options of a command are parameters
    fingerprint: FingerprintArgument,
    reason: ReasonOption,
    config: ConfigOption = None,
    ticket: TicketOption = None,
    by: ByOption = None,
    prepared_by: PreparedByOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
) -> None:
    """End a waiver before its time: the finding fires again."""
    from auditor import decisions

    who = decisions.Who(by=by, prepared_by=prepared_by, reason=reason, ticket=ticket)
    waiver = decisions.revoke(signing(load(config), key), fingerprint, who)
    _print(waiver, "Revoked", json=json)


def _moment(text: str) -> datetime:
    from auditor.errors import UsageError

    if text.endswith("d") and text[:-1].isdecimal():
        return datetime.now(UTC) + timedelta(days=int(text[:-1]))
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(
            f"--expires {text!r} is no time", hint="such as 2027-03-31, or 30d from now"
        ) from None


def _print(waiver: Waiver, verb: str, *, json: bool) -> None:
    if json:
        print_json(_plain(waiver))
        return
    until = "" if verb == "Revoked" else f" until {plain(waiver.expires_at)}"
    out().print(
        f"{verb}: finding {waiver.fingerprint[:8]}{until}, line {waiver.line} of the approval log."
    )
    print_waiting([waiver.waiting] if waiver.waiting else [])
    out().print("It counts from the next comparison on: audit diff")


def _plain(waiver: Waiver) -> dict[str, Any]:
    return {
        **waiver.content,
        "signed_by": list(waiver.signed_by),
        "waiting": waiver.waiting or None,
    }
