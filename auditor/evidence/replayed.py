"""Hold a bundle against the store that it came from: the same bytes, the same findings."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from auditor.config import Config
from auditor.evidence import bundle
from auditor.evidence.export import assemble
from auditor.evidence.verify import SIGNATURES, Check
from auditor.replay import replay


def against_store(config: Config, path: Path) -> list[Check]:
    """Return whether exporting again gives the same files, and whether its runs replay.

    A later program or another configuration exports otherwise, which is told as a note.
    """
    files = bundle.read(path)
    manifest = bundle.read_manifest(files[bundle.MANIFEST])
    said = manifest["period"]
    _, again = assemble(
        config,
        period=said["label"],
        chosen=manifest["frameworks"],
        at=datetime.fromisoformat(said["until"]),
    )
    differing = sorted(
        name
        for name in (again.keys() | files.keys()) - {*SIGNATURES, bundle.MANIFEST, bundle.SUMS}
        if again.get(name) != files.get(name)
    )
    first, last = manifest["snapshots"]["first"], manifest["snapshots"]["last"]
    runs = [run for run in replay(config) if first <= run.snapshot <= last]
    apart = [f"snapshot {r.snapshot}: {r.not_comparable}" for r in runs if r.not_comparable]
    return [
        Check(
            "exporting again gives the same bytes",
            tuple(f"{name}: the store gives another" for name in differing),
        ),
        Check(
            f"{len(runs) - len(apart)} runs compared again give the same findings",
            tuple(problem for run in runs for problem in run.problems),
            f"not comparable: {'; '.join(apart)}" if apart else "",
        ),
    ]
