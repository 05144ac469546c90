"""Each shipped drift query against its case file: two sides in, exactly these findings out.

`tests/cases/queries/<id>.toml` holds the cases. All of them share one store, each in accounts of
its own, so that the whole corpus costs two snapshots; a case that names `tables` has a store of
its own with only these, and those that have the same `behaviour` (of the configuration) share one.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.model import AuditRun, Finding, Scope, Status
from tests.harness import HOME, TABLES, Lab, Overrides, Rows, of

CASES = Path(__file__).parent / "cases" / "queries"
SIDES = ("baseline", "snapshot")


@dataclass(frozen=True)
class Case:
    query: str
    number: int
    data: dict[str, Any]

    def account(self, account: str) -> str:
        """Return the account that stands for one of the case's in the shared store."""
        return f"{self.number:06d}{account[:6]}"

    def original(self, text: str) -> str:
        """Return a text of the shared store as the case writes it."""
        for digit in "123456789":
            text = text.replace(self.account(digit * 6), digit * 12)
        return text

    def rows(self, side: str) -> dict[str, list[dict[str, Any]]]:
        return {
            table: [
                self.moved(row) | {"account_id": self.account(row.get("account_id", "1" * 12))}
                for row in rows
            ]
            for table, rows in self.data.get(side, {}).items()
        }

    def moved(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row whose texts name the account of the shared store."""
        return {key: self._moved(value) for key, value in row.items()}

    def _moved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._moved(item) for item in value]
        if not isinstance(value, str):
            return value
        for digit in "123456789":
            value = value.replace(digit * 12, self.account(digit * 6))
        return value

    def overrides(self, side: str) -> Iterator[tuple[tuple[str, Scope], Status | None]]:
        """Yield coverage: complete where the baseline has rows, unless the case says otherwise."""
        for cloud, account, region in sorted(self.places()):
            for table in TABLES:
                yield (table, Scope(cloud, self.account(account), region)), Status.COMPLETE
        for item in self.data.get("coverage", ()):
            cloud = item["table"].partition("_")[0] if item["table"] != "*" else "aws"
            account = self.account(item.get("account_id", HOME.account_id))
            region = item.get("region", HOME.region if cloud == "aws" else "global")
            scope = Scope(cloud, account, region)
            status = None if item[side] == "absent" else Status(item[side])
            for table in TABLES if item["table"] == "*" else [item["table"]]:
                yield (table, scope), status

    def places(self) -> set[tuple[str, str, str]]:
        """Return cloud, account and region of all scopes; only AWS is read by region."""
        rows = [row for some in self.data.get("baseline", {}).values() for row in some]
        found = {
            ("aws", r.get("account_id", "1" * 12), r.get("region", HOME.region))
            for r in rows
            if r.get("cloud", "aws") == "aws"
        }
        tables = {table for side in SIDES for table in self.data.get(side, {})}
        others = {table.partition("_")[0] for table in tables} - {"aws"}
        found |= {(cloud, HOME.account_id, "global") for cloud in others}
        return found | {("aws", HOME.account_id, HOME.region)}


def load() -> list[Case]:
    pairs = [
        (path.stem, data)
        for path in sorted(CASES.glob("*.toml"))
        for data in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]
    return [Case(query, number, data) for number, (query, data) in enumerate(pairs, start=1)]


ALL = load()
SHARED = [case for case in ALL if "tables" not in case.data]
ALONE = [case for case in ALL if "tables" in case.data]


def both_sides(lab: Lab, cases: list[Case]) -> AuditRun:
    runs: list[tuple[Rows, Overrides]] = []
    for side in SIDES:
        rows: dict[str, list[dict[str, Any]]] = {}
        overrides: dict[tuple[str, Scope], Status | None] = {}
        for case in cases:
            for table, some in case.rows(side).items():
                rows.setdefault(table, []).extend(some)
            overrides |= dict(case.overrides(side))
        runs.append((rows, overrides))
    lab.seal(runs[0][0], coverage=runs[0][1], scopes=())
    lab.approve()
    lab.seal(runs[1][0], coverage=runs[1][1], scopes=())
    return lab.compare()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], AuditRun]:
    @cache
    def run_of(said: str) -> AuditRun:
        lab = Lab(tmp_path_factory.mktemp("queries"), behaviour=json.loads(said))
        return both_sides(lab, [case for case in SHARED if behaviour(case) == said])

    return lambda case: run_of(behaviour(case))


def behaviour(case: Case) -> str:
    return json.dumps(case.data.get("behaviour", {}), sort_keys=True)


def name(case: Case) -> str:
    return f"{case.query}/{case.data['name']}"


@pytest.mark.parametrize("case", SHARED, ids=name)
def test_case(case: Case, shared: Callable[[Case], AuditRun]) -> None:
    prefix = case.account("")
    found = [f for f in of(shared(case), case.query) if f.scope.account_id.startswith(prefix)]
    check(case, found)


@pytest.mark.parametrize("case", ALONE, ids=name)
def test_case_with_few_tables(case: Case, tmp_path: Path) -> None:
    run = both_sides(Lab(tmp_path, tables=case.data["tables"], known=case.data["tables"]), [case])
    skipped = {query.query_id for query in run.skipped_queries}
    assert (case.query in skipped) == case.data.get("skipped", False)
    check(case, of(run, case.query))


def check(case: Case, found: list[Finding]) -> None:
    wanted = case.data.get("finding", [])
    assert sorted((identity(case, f) for f in found), key=str) == sorted(
        ((w["id"], w.get("detail_key")) for w in wanted), key=str
    )
    by_identity = {identity(case, finding): finding for finding in found}
    for want in wanted:
        compare(case, by_identity[want["id"], want.get("detail_key")], want)


def compare(case: Case, finding: Finding, want: dict[str, Any]) -> None:
    assert want.keys() <= {
        "id", "detail_key", "verdict", "severity", "reason", "exact_reason", "before", "after",
        "account_id",
    }  # fmt: skip
    assert finding.verdict == want["verdict"]
    assert case.original(finding.scope.account_id) == want.get("account_id", HOME.account_id)
    reason = case.original(finding.reason)
    assert want.get("reason", "") in reason
    assert want.get("exact_reason", reason) == reason
    if "severity" in want:
        assert finding.severity == want["severity"]
    for side in ("before", "after"):
        if side in want:
            assert plain(case, getattr(finding, side)) == absent(want[side])


def identity(case: Case, finding: Finding) -> tuple[str, str | None]:
    resource = case.original(finding.resource_id)
    if finding.resource_type != "scope":
        resource = resource.rsplit("/", 1)[-1]
    return resource, finding.detail_key


def plain(case: Case, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(case, inner) for key, inner in value.items()}
    return case.original(value) if isinstance(value, str) else value


def absent(value: Any) -> Any:
    """Return an expected value; TOML has no null, so cases write `key.null = true`."""
    if value == {"null": True}:
        return None
    return {k: absent(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_every_query_has_a_firing_and_a_silent_case() -> None:
    for query in {case.query for case in ALL}:
        fires = {bool(case.data.get("finding")) for case in ALL if case.query == query}
        assert fires == {True, False}, query


def test_case_names_are_unique() -> None:
    names = [name(case) for case in ALL]
    assert sorted(set(names)) == sorted(names)
