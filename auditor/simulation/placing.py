"""Which policy of a snapshot each proposal is about, and where a new one belongs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.diff.session import Session
from auditor.errors import UsageError
from auditor.model import Row, Scope
from auditor.proposals.kinds import KINDS, Kind
from auditor.proposals.model import Proposal
from auditor.simulation.rows import row_of

_CLOUDS = {"azurerm": "azure", "google": "gcp"}
"""Clouds as Terraform calls them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A policy, with all that a file proposes for it."""

    table: str
    resource_id: str
    scope: Scope
    name: str | None
    proposals: tuple[Proposal, ...] = ()
    new: Row | None = None
    """The policy's own row, where no snapshot has it."""
    is_told: bool = True
    """Whether the account is known, and not only one of those that were read."""

    @property
    def where(self) -> str:
        """Places in the file."""
        return ", ".join(dict.fromkeys(p.where for p in self.proposals))


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A policy of which nothing can be said, and why."""

    place: Place
    reason: str


def place(
    session: Session, snapshot: int, proposals: Iterable[Proposal]
) -> tuple[list[Place], list[Unplaced]]:
    """Return the policies that can be compared, and those of which nothing is known.

    Raises `UsageError` where a file lists all rules of one policy twice.
    """
    search = _Search(session, snapshot)
    known: dict[tuple[str, str], Place] = {}
    for proposal in proposals:
        if proposal.new is not None and (found := search.new(proposal)) is not None:
            for name in (proposal.policy, *proposal.aliases):
                known[proposal.table, name] = found
    grouped: defaultdict[tuple[str, str], list[tuple[Place, Proposal, str | None]]]
    grouped = defaultdict(list)
    for proposal in proposals:
        found = known.get((proposal.table, proposal.policy))
        why = None
        if found is None:
            found, why = search.existing(proposal)
        grouped[proposal.table, found.resource_id].append((found, proposal, why))
    placed: list[Place] = []
    unplaced: list[Unplaced] = []
    for some in grouped.values():
        first = some[0][0]
        whole = _with(first, [proposal for _, proposal, _ in some])
        reasons = [why for _, _, why in some if why]
        reasons += [problem for p in whole.proposals for problem in p.problems]
        reasons += [] if reasons else search.moved(whole)
        if reasons:
            unplaced.append(Unplaced(whole, "; ".join(dict.fromkeys(reasons))))
        else:
            placed.append(whole)
    return placed, unplaced


def _with(place: Place, proposals: list[Proposal]) -> Place:
    listed = [p.where for p in proposals if p.rules is not None]
    if len(listed) > 1 and place.table != "aws_ec2_security_groups":
        raise UsageError(
            f"{place.name or place.resource_id} stands in the file twice",
            where=", ".join(listed),
            hint="leave one of them",
        )
    named = next((p.name for p in proposals if p.name), place.name)
    return Place(
        place.table, place.resource_id, place.scope, named, tuple(proposals), place.new,
        place.is_told,
    )  # fmt: skip


class _Search:
    """Looks policies up in the snapshot of a session."""

    def __init__(self, session: Session, snapshot: int) -> None:
        self._con = session.con
        self._snapshot = snapshot
        self._tables = {spec.name: spec.title for spec in session.specs}

    def existing(self, proposal: Proposal) -> tuple[Place, str | None]:
        """Return the policy that a proposal names, and why it may not be known."""
        prefix = proposal.table.partition("_")[0]
        cloud = _CLOUDS.get(prefix, prefix)
        lost = Place(proposal.table, proposal.policy, Scope(cloud, "", ""), None, is_told=False)
        kind = KINDS.get(proposal.table)
        if kind is None:
            return lost, None  # what is no policy comes with a problem of its own
        if proposal.table not in self._tables:
            return lost, self._unread()
        key = "/" + proposal.policy.strip("/").lower()
        rows = self._con.execute(
            "SELECT resource_id, min(account_id), min(region), any_value(name) "
            f'FROM snapshot."{proposal.table}" WHERE ends_with(lower(resource_id), ?) '
            "GROUP BY resource_id ORDER BY resource_id",
            [key],
        ).fetchall()
        if len(rows) > 1:
            named = ", ".join(str(row[0]) for row in rows)
            return lost, f"{proposal.policy} is the name of several: {named}"
        if not rows:
            return lost, self._missing(proposal, key)
        resource_id, account, region, name = rows[0]
        found = Place(proposal.table, resource_id, Scope(cloud, account, region), name)
        return found, None if self._is_read(kind, account, region) else self._unread()

    def new(self, proposal: Proposal) -> Place | None:
        """Return where a new policy belongs; None where none of its kind was read."""
        kind, table = KINDS[proposal.table], proposal.table
        if table not in self._tables or proposal.new is None:
            return None
        near = self._con.execute(
            f"SELECT account_id, region FROM snapshot.\"{table}\" WHERE $near <> '' AND "
            f"{kind.near} ORDER BY ALL LIMIT 1",
            {"near": proposal.near},
        ).fetchone()
        some = (
            near
            or self._con.execute(
                "SELECT p.account_id, p.region FROM main.compared p JOIN main.compared r "
                "USING (account_id, region) WHERE p.table_name = ? AND r.table_name = ? "
                "ORDER BY ALL LIMIT 1",
                [table, kind.rules],
            ).fetchone()
        )
        if some is None:
            return None
        scope = Scope(table.partition("_")[0], *some)
        row = row_of(table, kind.place(proposal.new, scope), scope, proposal.where)
        scope = Scope(scope.cloud, scope.account_id, str(row["region"]))
        resource_id, is_told = str(row["resource_id"]), near is not None
        there = self._con.execute(
            f'SELECT count(*) FROM snapshot."{table}" WHERE resource_id = ?', [resource_id]
        ).fetchone()
        new = None if there and there[0] else row  # what is there already was applied since
        return Place(table, resource_id, scope, proposal.name, new=new, is_told=is_told)

    def moved(self, place: Place) -> list[str]:
        """Say so where a policy is to apply to other subnets than now."""
        wanted = next((p.applies_to for p in place.proposals if p.applies_to is not None), None)
        if wanted is None:
            return []
        row = self._con.execute(
            f'SELECT subnet_ids FROM snapshot."{place.table}" WHERE resource_id = ?',
            [place.resource_id],
        ).fetchone()
        changed = wanted ^ set(row[0] if row else ())
        if not changed:
            return []
        names = ", ".join(sorted(changed))
        return [f"it is to apply to other subnets ({names}): not simulated"]

    def _is_read(self, kind: Kind, account: str, region: str) -> bool:
        row = self._con.execute(
            "SELECT count(*) FROM main.compared WHERE table_name = ? AND account_id = ? "
            "AND region IN (?, 'global')",
            [kind.rules, account, region],
        ).fetchone()
        return bool(row and row[0])

    def _missing(self, proposal: Proposal, key: str) -> str:
        row = self._con.execute(
            f'SELECT count(*) FROM store.inventory."{proposal.table}" '
            "WHERE ends_with(lower(resource_id), ?) AND valid_from <= ? AND valid_to > ?",
            [key, self._snapshot, self._snapshot],
        ).fetchone()
        if row and row[0]:
            return self._unread()
        if proposal.new is not None:
            return f"no policy of its kind was read in snapshot {self._snapshot}"
        return f"it is not known in snapshot {self._snapshot}"

    def _unread(self) -> str:
        return f"its scope was not read completely in snapshot {self._snapshot}"


def by_id(places: Iterable[Place]) -> Mapping[str, Place]:
    """Return places by the resource_id of their policies."""
    return {place.resource_id: place for place in places}
