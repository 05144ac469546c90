"""What may reach one instance, and what of that changed since the baseline.

Two sessions: one in which nothing is approved, so that all that the instance accepts is told, with
the newest members of lists; and one that compares with the baseline, as a run does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.baseline.versions import Content, content_of
from auditor.config import StoreConfig
from auditor.diff.session import Session, open_session, show_sides
from auditor.diff.views import tables_behind
from auditor.model import GLOBAL, Baseline, Coverage, Verdict
from auditor.policy.allowed import Accepted, overlap, read_accepted, regions_by_kind
from auditor.policy.changes import known_rules
from auditor.policy.evaluate import evaluate_instance
from auditor.policy.regions import Region
from auditor.policy.sources import COLUMNS, source_files
from auditor.policy.wording import sentence
from auditor.shipped import split_header
from auditor.store.history import Resource
from auditor.store.snapshots import coverage_of


@dataclass(frozen=True, slots=True)
class Unread:
    """A table that has a say about an instance and that was not read completely."""

    table: str
    status: str
    what: tuple[str, ...]
    """What it says, in words."""


@dataclass(frozen=True, slots=True)
class Change:
    """Traffic that the instance accepts on one side only."""

    verdict: Verdict
    direction: str
    what: str
    """One line for a person, with the rules that made the difference."""


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since the baseline."""

    is_new: bool
    """The baseline does not have the instance."""
    is_compared: bool
    """The scope of the instance is in the baseline, and was read."""
    changes: tuple[Change, ...]
    unread: tuple[Unread, ...]
    """What could not be compared, for it was not read on one of the sides."""


def read_traffic(
    config: StoreConfig, resource: Resource, snapshot: int
) -> tuple[Accepted, tuple[Unread, ...]]:
    """Return what an instance accepts in a snapshot, and what was not read of that."""
    with open_session(config) as session:
        coverage = coverage_of(session.con, snapshot)
        # NOTE: there is no snapshot 0, so everything that was read is new.
        nothing = Content({(c.table, c.scope): (0, "") for c in coverage})
        show_sides(session, snapshot, coverage, nothing)
        evaluate_instance(session.con, resource.resource_id, resource.scope.cloud)
        accepted = read_accepted(session.con)
        parts = [part for part in COLUMNS if part != "members" or accepted.has_unknown_symbols]
        return accepted, _unread(session, resource, coverage, parts)


def read_since(config: StoreConfig, resource: Resource, snapshot: int, baseline: Baseline) -> Since:
    """Return what an instance accepts more or less than in a baseline."""
    with open_session(config) as session:
        con = session.con
        coverage = coverage_of(con, snapshot)
        show_sides(session, snapshot, coverage, content_of(con, baseline))
        unread = _unread(session, resource, coverage, ("rules", "layers", "paths"))
        compared = resource.table in _compared(session, resource)
        there = con.execute(
            f'SELECT 1 FROM baseline."{resource.table}" WHERE resource_id = ?',
            [resource.resource_id],
        ).fetchall()
        if not (compared and there):
            return Since(compared and not there, compared, (), unread)
        evaluate_instance(con, resource.resource_id, resource.scope.cloud)
        return Since(False, True, tuple(_changes(session)), unread)


def _changes(session: Session) -> Iterable[Change]:
    """Yield what changed in all layers, then what only the path from the Internet changed."""
    regions = regions_by_kind(session.con)
    known = known_rules(session.con)
    profile = regions["profile"]
    for region in profile:
        yield Change(region.verdict, region.direction, sentence([region], known))
    for region in regions["exposure"]:
        if not _is_told(region, profile):
            yield Change(region.verdict, region.direction, sentence([region], known))


def _is_told(region: Region, others: Sequence[Region]) -> bool:
    return any(other.verdict is region.verdict and overlap(region, other) for other in others)


def _compared(session: Session, resource: Resource) -> set[str]:
    rows = session.con.execute(
        "SELECT DISTINCT table_name FROM main.compared "
        "WHERE cloud = ? AND account_id = ? AND region IN (?, ?)",
        [resource.scope.cloud, resource.scope.account_id, resource.scope.region, GLOBAL],
    ).fetchall()
    return {table for (table,) in rows}


def _unread(
    session: Session, resource: Resource, coverage: Sequence[Coverage], parts: Iterable[str]
) -> tuple[Unread, ...]:
    """Return the tables behind the policies of the instance's cloud that cannot be looked at."""
    scope = resource.scope
    compared = _compared(session, resource)
    status = {c.table: c.status.value for c in coverage if c.scope in (scope, scope.whole_account)}
    needed: dict[str, list[str]] = {}
    for part in parts:
        for path in source_files(part, scope.cloud):
            header, sql = split_header(path)
            for table in tables_behind(session.con, sql):
                if table.startswith(f"{scope.cloud}_") and table not in compared:
                    needed.setdefault(table, []).append(header["title"])
    return tuple(
        Unread(table, _status(status.get(table)), tuple(dict.fromkeys(titles)))
        for table, titles in sorted(needed.items())
    )


def _status(status: str | None) -> str:
    if status is None:
        return "not read"
    return "not approved" if status == "complete" else status
