"""The first five minutes: init, doctor, version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import ConfigOption, JsonOption, err, load, out, print_json, visible

if TYPE_CHECKING:
    from auditor.collect.doctor import Check


def init(
    path: Annotated[Path, typer.Argument(help="Configuration file to write.")] = Path("audit.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write a configuration file with every key explained, and say what to do next."""
    from auditor.errors import ConfigError
    from auditor.report.files import write_file
    from auditor.shipped import shipped

    if path.exists() and not force:
        raise ConfigError(
            "the file exists", where=str(path), hint="keep it, or replace it with --force"
        )
    write_file(path, shipped("config.example.toml").read_bytes())
    console = out()
    console.print(f"Written: {visible(path)}. Every key is explained and has its default.\n")
    console.print("Next:")
    console.print("  audit permissions aws     what the read-only role must be allowed")
    console.print("  audit doctor              try every credential and permission")
    console.print("  audit run                 take the first snapshot")
    console.print('  audit baseline approve --reason "..."')


def doctor(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Try every credential and every permission; exit 4 where something cannot be read."""
    from auditor.collect.doctor import examine

    settings = load(config)
    checks = examine(settings, lambda check: None if json else _tell(check))
    bad = [c for c in checks if not c.ok]
    if json:
        print_json(
            [
                {
                    "cloud": c.cloud,
                    "account_id": c.account,
                    "region": c.region,
                    "table": c.table,
                    "status": c.status,
                    "detail": c.detail,
                    "permissions": list(c.permissions),
                }
                for c in checks
            ]
        )
    elif not checks:
        err().print("No cloud is enabled: nothing to examine.")
    elif bad:
        missing = sorted({p for c in bad for p in c.permissions})
        out().print(f"\n{len(bad)} of {len(checks)} checks failed.")
        if missing:
            out().print("Missing permissions: " + ", ".join(missing), soft_wrap=True)
            for cloud in sorted({c.cloud for c in bad if c.permissions}):
                out().print(f"The whole policy: audit permissions {cloud}")
    else:
        out().print(f"\nAll {len(checks)} checks passed. Next: audit run")
    raise typer.Exit(4 if bad else 0)


def version(json: JsonOption = False) -> None:
    """Show the version of this program and of what it reads and writes with."""
    import platform
    from importlib import metadata

    from auditor import __version__

    found = {"audit": __version__, "python": platform.python_version()}
    for name in ("duckdb", "boto3", "cloudquery-plugin-sdk"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    if json:
        print_json(found)
        return
    for name, value in found.items():
        out().print(f"{name} {value}")


def _tell(check: Check) -> None:
    if check.table is None or not check.ok:
        where = f"{check.cloud} {check.account} {check.region} {check.table or ''}".rstrip()
        mark = "ok    " if check.ok else f"{check.status:<7}"
        out().print(f"{mark} {visible(where)}  {visible(check.detail)}", soft_wrap=True)
