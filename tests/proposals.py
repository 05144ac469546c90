"""Files that propose rules, and the snapshot that they are compared with.

`tests/cases/proposals/<format>/<case>.json` is a file as a person has it. `<case>.toml` says what
`audit simulate` makes of it: the exit code, and for each list a line `<severity> <name>: <reason>`
per change. `snapshot.toml` is the estate of all cases: documents as `fetch` yields them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from auditor.diff.views import tables_behind
from tests.harness import TABLES, Lab, Rows
from tests.policy.world import SCOPES, rows_of

FOLDER = Path(__file__).parent / "cases" / "proposals"
GROUPS = ("loosened", "tightened", "new", "unknown")


@dataclass(frozen=True)
class Case:
    """One file, and what is to be said of it."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def cloud(self) -> str:
        """The cloud that it is about; any one where it is about none."""
        names = (self.path.parent.name, self.path.stem)
        return next((c for n in names for c in SCOPES if n.split("_")[0] == c), "aws")

    def expected(self) -> dict[str, Any]:
        return tomllib.loads(self.path.with_suffix(".toml").read_text(encoding="utf-8"))


CASES = [Case(path) for path in sorted(FOLDER.glob("*/*.json"))]


def estate(cloud: str) -> Rows:
    """Return the rows of the estate in one cloud."""
    raws = tomllib.loads((FOLDER / "snapshot.toml").read_text(encoding="utf-8"))
    return rows_of({name: some for name, some in raws.items() if name.startswith(cloud)})


def sealed(folder: Path, cloud: str = "aws") -> Lab:
    """Return a store with one snapshot of the estate, and a configuration that names it.

    It knows the tables of one cloud, and those that views over all clouds read: a comparison takes
    as long as it has views to plan.
    """
    names = [name for name in TABLES if name.startswith(cloud)]
    with duckdb.connect() as con:
        shared = tables_behind(con, "SELECT * FROM instances, policies")
    lab = Lab(folder, tables=names, known={*names, *shared})
    lab.seal(estate(cloud), scopes=[SCOPES[cloud]])
    (folder / "audit.toml").write_text(f'[store]\npath = "{lab.config.store.path}"\n')
    return lab


def told(document: dict[str, Any]) -> dict[str, Any]:
    """Return what the command's JSON says, in the form of the cases."""
    lines = {
        group: [f"{c['severity']} {c['name'] or c['resource_id']}: {c['reason']}" for c in found]
        for group in GROUPS
        if (found := document[group])
    }
    return {"exit_code": document["exit_code"], **lines}
