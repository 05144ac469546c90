"""`audit evidence`: what an assessor gets, and the check of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.common import ConfigOption, JsonOption, load, out, print_json, visible

app = typer.Typer(help="Export evidence of a period; verify it.", no_args_is_help=True)

FrameworkOption = Annotated[
    list[str] | None,
    typer.Option(
        "--framework",
        help="Map to this framework only, such as nist-800-53, pci-dss, iso-27001, soc2, cis, "
        "csa-ccm, fedramp-20x; can be repeated.",
        show_default="all",
    ),
]


@app.command()
def export(
    config: ConfigOption = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period",
            "-p",
            help="2026-Q3, 2026-07, 2026, 2026-07-01 or 2026-07-01..2026-09-30, in UTC.",
            show_default="all runs",
        ),
    ] = None,
    framework: FrameworkOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder, or file that ends in .zip.",
            show_default="evidence.directory/PERIOD",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Verify the store, then write what it holds about a period, for an assessor."""
    from auditor.evidence.export import export_evidence

    found = export_evidence(load(config), period=period, chosen=framework or (), output=output)
    facts = found.facts
    states = [d.state for d in facts.dispositions]
    counts = {state: states.count(state) for state in sorted(set(states))}
    missed = None if facts.missed is None else len(facts.missed)
    if json:
        print_json(
            {
                "path": str(found.path),
                "period": facts.period.label,
                "runs": len(facts.runs),
                "missed_runs": missed,
                "gaps": len(facts.gaps),
                "findings": counts,
                "files": found.files,
                "signatures": list(found.signed),
            }
        )
        return
    out().print(f"Evidence of {facts.period.label}: {visible(found.path)}", soft_wrap=True)
    due = "no schedule (run.every)" if missed is None else f"{missed} due runs did not start"
    out().print(f"  runs       {len(facts.runs)}; {due}")
    out().print(f"  gaps       {len(facts.gaps)} readings were not complete")
    told = ", ".join(f"{n} {state}" for state, n in counts.items()) or "none"
    out().print(f"  findings   {told}")
    out().print(f"  signed     {', '.join(found.signed) or 'no (evidence.signing_key)'}")
    out().print(f"  files      {found.files}; start with VERIFY.md")
    out().print(f"Check it: audit evidence verify {visible(found.path)}", soft_wrap=True)


@app.command()
def verify(  # noqa: PLR0913, PLR0917  # options of a command are parameters
    path: Annotated[Path, typer.Argument(help="Folder or zip that was exported.")],
    allowed_signers: Annotated[
        Path | None,
        typer.Option(help="OpenSSH allowed_signers file that you trust.", show_default="its own"),
    ] = None,
    revoked_keys: Annotated[
        Path | None, typer.Option(help="Keys that do not count.", show_default="its own")
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(help="Public key (PEM) of the plain signature.", show_default="its own"),
    ] = None,
    tsa: Annotated[
        Path | None,
        typer.Option(help="Certificates (PEM) of the time-stamping authority.", show_default=False),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Judge the SSH key at this UTC time.", show_default="now"),
    ] = None,
    store: Annotated[
        bool,
        typer.Option("--store", help="Compare with the store, too, and compare its runs again."),
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Check sums, signatures, chain and baseline; exit 5 where something was altered."""
    from auditor.evidence.replayed import against_store
    from auditor.evidence.verify import Trusted, verify_bundle

    trusted = Trusted(allowed_signers, revoked_keys, public_key, tsa)
    checks = verify_bundle(path, trusted, at=_moment(at))
    if store:
        checks += against_store(load(config), path)
    failed = any(check.problems for check in checks)
    if json:
        shown = [
            {"check": c.what, "ok": not c.problems, "problems": list(c.problems), "note": c.note}
            for c in checks
        ]
        print_json({"path": str(path), "verified": not failed, "checks": shown})
    for check in () if json else checks:
        note = f" ({visible(check.note)})" if check.note else ""
        word = "FAILED" if check.problems else "ok"
        out().print(f"  {word:6} {visible(check.what)}{note}", soft_wrap=True)
        for problem in check.problems:
            out().print(f"           {visible(problem)}", soft_wrap=True)
    if not json:
        out().print("Altered: do not rely on it." if failed else "Verified.")
    raise typer.Exit(5 if failed else 0)


def _moment(text: str | None) -> datetime:
    from auditor.errors import UsageError
    from auditor.pipeline import now

    if text is None:
        return now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", hint="such as 2026-09-30T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
