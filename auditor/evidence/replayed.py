"""Hold a bundle against the store that it came from: the same bytes, the same findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.config import Config
from auditor.evidence import bundle
from auditor.evidence.export import assemble, program
from auditor.evidence.verify import SIGNATURES, Check
from auditor.replay import replay

_SETUP = (
    *("configuration.json", "tables.json", "VERIFY.md", "queries/", "permissions/"),
    *("signer.pub.pem", "allowed_signers", "revoked_keys"),
)
"""Files that tell of the program and its configuration, not of the period."""
_SHOWN = 3


def against_store(config: Config, path: Path) -> list[Check]:
    """Return whether exporting again gives the same files, and whether its runs replay.

    What a later version of the program writes otherwise, or another configuration, is no problem
    of the bundle, and is told as a note.
    """
    files = bundle.read(path)
    manifest = bundle.read_manifest(files[bundle.MANIFEST])
    return [_exported_again(config, files, manifest), _replayed(config, manifest["snapshots"])]


def _exported_again(
    config: Config, files: Mapping[str, bytes], manifest: Mapping[str, Any]
) -> Check:
    what, said = "exporting again gives the same bytes", manifest["period"]
    if manifest["program"] != program():
        names = " ".join(str(value) for value in manifest["program"].values())
        return Check(what, (), f"not compared: another program wrote it ({names})")
    _, again = assemble(
        config,
        period=said["label"],
        chosen=manifest["frameworks"],
        at=datetime.fromisoformat(said["until"]),
    )
    kept = (again.keys() | files.keys()) - {*SIGNATURES, bundle.MANIFEST, bundle.SUMS}
    differing = sorted(name for name in kept if again.get(name) != files.get(name))
    setup = [name for name in differing if name.startswith(_SETUP)]
    return Check(
        what,
        tuple(f"{n}: the store gives another" for n in differing if not n.startswith(_SETUP)),
        f"configured otherwise now: {_some(setup)}" if setup else "",
    )


def _replayed(config: Config, snapshots: Mapping[str, int]) -> Check:
    runs = [
        run for run in replay(config) if snapshots["first"] <= run.snapshot <= snapshots["last"]
    ]
    apart = [f"snapshot {run.snapshot}: {run.not_comparable}" for run in runs if run.not_comparable]
    return Check(
        f"{len(runs) - len(apart)} runs compared again give the same findings",
        tuple(problem for run in runs for problem in run.problems),
        f"not comparable: {_some(apart)}" if apart else "",
    )


def _some(texts: Collection[str]) -> str:
    """Return the first few of several texts."""
    rest = len(texts) - _SHOWN
    return "; ".join(list(texts)[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
