"""`audit baseline diff`, `rollback` and `review-due`: versions over time."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from auditor.cli.baseline import (
    ByOption,
    KeyOption,
    NameOption,
    PreparedByOption,
    TicketOption,
    YesOption,
    print_approved,
    signing,
)
from auditor.cli.common import ConfigOption, JsonOption, err, load, out, plain, print_json, visible

DUE = 3
"""Exit code where something is to be looked at."""


def diff(
    old: Annotated[str, typer.Argument(help="A version: 3 or v3.")],
    new: Annotated[str, typer.Argument(help="Another version.")],
    config: ConfigOption = None,
    name: NameOption = None,
    json: JsonOption = False,
) -> None:
    """Show what two versions approve differently: resources by table, scopes, acceptances."""
    from auditor import inquiry

    found, first, second = inquiry.compare_versions(
        load(config), _version(old), _version(new), name
    )
    if json:
        print_json(
            {
                "name": first.name,
                "old": first.version,
                "new": second.version,
                "resources": [_plain(d) for d in found.resources],
                "scopes": [_plain(d) for d in found.scopes],
                "accepted": [a.fingerprint for a in found.accepted],
                "withdrawn": [a.fingerprint for a in found.withdrawn],
            }
        )
        return
    out().print(f"Baseline {visible(first.name)}: v{first.version} -> v{second.version}")
    for d in (*found.scopes, *found.resources):
        columns = f": {', '.join(d.columns)}" if d.columns else ""
        where = visible(d.resource_id or str(d.scope))
        out().print(f"  {d.change:9} {visible(d.table)} {where}{visible(columns)}", soft_wrap=True)
    for word, some in (("accepted", found.accepted), ("withdrawn", found.withdrawn)):
        for a in some:
            out().print(f"  {word:9} finding {a.fingerprint[:8]} of {visible(a.table)}")
    if not (found.scopes or found.resources or found.accepted or found.withdrawn):
        out().print("  both approve the same")


def rollback(  # noqa: PLR0913, PLR0917  # options of a command are parameters
    version: Annotated[str, typer.Argument(help="The version to return to: 3 or v3.")],
    reason: Annotated[str, typer.Option(help="Why.", show_default=False)],
    config: ConfigOption = None,
    name: NameOption = None,
    ticket: TicketOption = None,
    by: ByOption = None,
    prepared_by: PreparedByOption = None,
    key: KeyOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Approve the content of an older version again, as the next version."""
    from auditor import decisions

    wanted = _version(version)
    if not yes:
        err().print(f"You are about to approve what version {wanted} approved.")
        typer.confirm("Approve?", abort=True, err=True)
    who = decisions.Who(by=by, prepared_by=prepared_by, reason=reason, ticket=ticket)
    print_approved(decisions.roll_back(signing(load(config), key), wanted, who, name), json=json)


def review_due(
    config: ConfigOption = None,
    within: Annotated[int, typer.Option(min=0, help="Days from now.")] = 14,
    json: JsonOption = False,
) -> None:
    """List baselines to review and waivers that end soon; exit code 3 where there are any."""
    from auditor import inquiry
    from auditor.pipeline import now

    moment = now()
    found = inquiry.due(load(config), timedelta(days=within), at=moment)
    if json:
        print_json(found)
    elif not found:
        out().print(f"Nothing is due within {within} days.")
    for item in () if json else found:
        over = " (overdue)" if item["due"] <= moment else ""
        out().print(
            f"{plain(item['due'])}{over}  {item['what']} {visible(item['name'])}, "
            f"{visible(item['owner'])}"
        )
    raise typer.Exit(DUE if found else 0)


def _version(text: str) -> int:
    from auditor.errors import UsageError

    number = text.lower().removeprefix("v")
    if not number.isdecimal():
        raise UsageError(f"{text!r} is no version", hint="such as v3; audit baseline list")
    return int(number)


def _plain(difference: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(difference) | {"scope": str(difference.scope)}
