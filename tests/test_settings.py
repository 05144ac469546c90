"""Every setting of the catalogue through the real path: looser, tighter, equal, missing, other.

Each setting gets resources of its own, one per case, and all of them share one store.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from auditor.diff.queries import load_queries
from auditor.diff.settings import Setting, load_settings
from auditor.model import AuditRun, Finding, Severity, Verdict
from tests.harness import Lab, of, short

SETTINGS = load_settings()
QUERY = next(query for query in load_queries() if query.id == "setting_changed")
COLUMNS = {(s.table, s.column) for s in SETTINGS if s.comparator == "PRESENCE"}
LOOSE, TIGHT, UNKNOWN = "loose", "tight", "unknown"
SUSPICIOUS, SILENT = "suspicious", "silent"
BIG = 2**53


@dataclass(frozen=True)
class Change:
    setting: Setting
    name: str
    before: Any
    after: Any
    expected: str

    @property
    def id(self) -> str:
        return f"{self.setting.id}-{self.name.replace(' ', '-')}"

    def row(self, side: str) -> dict[str, Any]:
        """Return a row that differs anyhow, so that the column is looked at."""
        value = self.before if side == "before" else self.after
        return {"id": self.id, "incarnation_id": "1", "name": side, self.setting.column: value}


def enum(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    order = setting.order
    for tight, loose in itertools.pairwise(order):
        yield f"{tight} to {loose}", tight, loose, LOOSE
        yield f"{loose} to {tight}", loose, tight, TIGHT
    yield "first to last", order[0], order[-1], LOOSE
    yield "last to first", order[-1], order[0], TIGHT
    yield "to unheard of", order[0], "unheard-of", UNKNOWN
    yield "from unheard of", "unheard-of", order[-1], UNKNOWN
    yield "between unheard of", "unheard-of", "other", UNKNOWN
    yield "other case", order[0], order[-1].swapcase(), UNKNOWN
    yield "to empty", order[0], "", UNKNOWN
    for value in order:
        rank = order.index(value)
        known = None if setting.absent is None else order.index(setting.absent)
        yield f"{value} to missing", value, None, by_rank(rank, known)
        yield f"missing to {value}", None, value, by_rank(known, rank)


def by_rank(was: int | None, now: int | None) -> str:
    if was is None or now is None:
        return UNKNOWN
    return SILENT if was == now else LOOSE if now > was else TIGHT


def boolean(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    loose = setting.loose == "true"
    yield "looser", not loose, loose, LOOSE
    yield "tighter", loose, not loose, TIGHT
    known = None if setting.absent is None else int((setting.absent == "true") == loose)
    for value in (True, False):
        rank = int(value == loose)
        yield f"missing to {value}", None, value, by_rank(known, rank)
        yield f"{value} to missing", value, None, by_rank(rank, known)


def number(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    up, down = (LOOSE, TIGHT) if setting.loose == "higher" else (TIGHT, LOOSE)
    yield "up by one", 1, 2, up
    yield "down by one", 2, 1, down
    yield "ten is more than nine", 9, 10, up
    yield "from zero", 0, 1, up
    yield "below zero", 0, -1, down
    yield "up by one far out", BIG, BIG + 1, up
    if setting.absent is None:
        yield "missing to one", None, 1, UNKNOWN
        yield "one to missing", 1, None, UNKNOWN
    else:
        usual = int(setting.absent)
        yield "missing to one more than usual", None, usual + 1, up
        yield "one more than usual to missing", usual + 1, None, down


def members(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    grown, shrunk = (LOOSE, TIGHT) if setting.loose == "grow" else (TIGHT, LOOSE)
    yield "grown", ["a"], ["a", "b"], grown
    yield "shrunk", ["a", "b"], ["a"], shrunk
    yield "first", [], ["a"], grown
    yield "last", ["a"], [], shrunk
    yield "one for another", ["a"], ["b"], LOOSE
    yield "two for one", ["a", "b"], ["c"], LOOSE
    yield "other order", ["a", "b"], ["b", "a"], SILENT
    yield "hostile", ["a"], ["a", '"],["', "NULL"], grown
    yield "missing to empty", None, [], UNKNOWN
    yield "missing to some", None, ["a"], UNKNOWN
    yield "some to missing", ["a"], None, UNKNOWN


def presence(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    come, go = (LOOSE, TIGHT) if setting.loose == "present" else (TIGHT, LOOSE)
    yield "came", None, "a", come
    yield "went", "a", None, go
    yield "another value", "a", "b", SILENT


def opaque(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    yield "changed", "a", "b", SUSPICIOUS
    yield "came", None, "b", SUSPICIOUS
    yield "went", "a", None, SUSPICIOUS


def reference(setting: Setting) -> Iterator[tuple[str, Any, Any, str]]:
    judged_elsewhere = (setting.table, setting.column) in COLUMNS
    yield "changed", "a", "b", SUSPICIOUS
    yield "came", None, "b", SILENT if judged_elsewhere else SUSPICIOUS
    yield "went", "a", None, SILENT if judged_elsewhere else TIGHT


COMPARATORS = {
    "ENUM": enum,
    "BOOL": boolean,
    "NUM": number,
    "SET": members,
    "PRESENCE": presence,
    "HASH": opaque,
    "REF": reference,
}


def changes() -> Iterator[Change]:
    for setting in SETTINGS:
        seen: list[Any] = []
        for name, before, after, expected in COMPARATORS[setting.comparator](setting):
            yield Change(setting, name, before, after, expected)
            seen += [value for value in (before, after) if value not in seen]
        for place, value in enumerate(seen):
            yield Change(setting, f"equal {place}", value, value, SILENT)


CHANGES = list(changes())


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("settings"))
    for side in ("before", "after"):
        rows: dict[str, list[dict[str, Any]]] = {}
        for change in CHANGES:
            rows.setdefault(change.setting.table, []).append(change.row(side))
        lab.seal(rows)
        if side == "before":
            lab.approve()
    return lab


@pytest.fixture(scope="module")
def found(lab: Lab) -> dict[tuple[str, str | None], Finding]:
    return by_key(lab.compare())


def by_key(run: AuditRun) -> dict[tuple[str, str | None], Finding]:
    return {(short(f), f.detail_key): f for f in of(run, "setting_changed")}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.id)
def test_setting(setting: Setting, found: dict[tuple[str, str | None], Finding]) -> None:
    for change in CHANGES:
        if change.setting is setting:
            check(change, found.get((change.id, setting.id)))


def check(change: Change, finding: Finding | None) -> None:
    setting = change.setting
    if change.expected == SILENT:
        assert finding is None, change
        return
    assert finding is not None, change
    verdict, severity = {
        LOOSE: (setting.verdict, setting.severity),
        TIGHT: (Verdict.TIGHTENED, Severity.INFO),
        UNKNOWN: (Verdict.UNKNOWN, Severity.LOW),
        SUSPICIOUS: (Verdict.SUSPICIOUS, setting.severity),
    }[change.expected]
    assert (finding.verdict, finding.severity) == (verdict, severity), change
    assert (finding.before, finding.after) == (stored(change.before), stored(change.after))
    assert finding.title == setting.title
    assert finding.attack == (tuple(setting.attack) or QUERY.attack)
    assert finding.controls == (tuple(setting.controls) or QUERY.controls)
    assert finding.remediation == setting.remediation
    assert finding.reason.startswith(f"{setting.column}: ")
    assert finding.reason.endswith(setting.reason) == (change.expected in (LOOSE, SUSPICIOUS))
    assert finding.before_row_hash and finding.after_row_hash


def stored(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def test_silence_is_complete(found: dict[tuple[str, str | None], Finding]) -> None:
    """A change fires for no other setting than those of its own column."""
    settings = {s.id: s for s in SETTINGS}
    for change in CHANGES:
        others = [settings[str(key)] for resource, key in found if resource == change.id]
        assert all(o.column == change.setting.column for o in others), change
        if change.name.startswith("equal"):
            assert not others, change


def test_every_setting_fires_and_is_silent() -> None:
    for setting in SETTINGS:
        expected = {change.expected for change in CHANGES if change.setting is setting}
        assert SILENT in expected and expected & {LOOSE, SUSPICIOUS}, setting.id


def test_severity_of_the_configuration(lab: Lab) -> None:
    """It holds for what is looser; what is tighter or unknown keeps its own."""
    chosen = {s.id: Severity.LOW if i % 2 else Severity.CRITICAL for i, s in enumerate(SETTINGS)}
    lab.config = lab.config.model_copy(update={"severity": chosen})
    found = by_key(lab.compare())
    for change in CHANGES:
        finding = found.get((change.id, change.setting.id))
        if finding and change.expected in (LOOSE, SUSPICIOUS):
            assert finding.severity is chosen[change.setting.id]
        elif finding:
            assert finding.severity in (Severity.INFO, Severity.LOW)
