"""Which version of a baseline is in force: approved, signed by whom the policy wants, unaltered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import orjson

from auditor.baseline.log import Entry, read_log
from auditor.baseline.quorum import lacking
from auditor.baseline.signatures import check_files, signers
from auditor.baseline.versions import Content, content_of, log_record, versions
from auditor.config import BaselineConfig
from auditor.errors import IntegrityError, UsageError
from auditor.model import Baseline, Scope
from auditor.store.digests import EMPTY_DIGEST, scope_digests
from auditor.store.hashing import canonical
from auditor.store.tables import empty_tables


@dataclass(frozen=True, slots=True)
class Standing:
    """How a baseline stands."""

    baseline: Baseline | None
    """The newest version that everybody approved who has to."""
    waiting: tuple[str, ...] = ()
    """Newer versions, and whose signature each waits for."""


def approved_baseline(
    con: duckdb.DuckDBPyConnection, config: BaselineConfig, name: str | None = None
) -> Baseline | None:
    """Return the newest version in force, verified, or None where nobody has approved one.

    Raises `IntegrityError` where the log, a signature, the version or its content was altered.
    """
    return standing(con, config, name).baseline


def standing(
    con: duckdb.DuckDBPyConnection, config: BaselineConfig, name: str | None = None
) -> Standing:
    """Return the version in force and what waits for signatures; raises `IntegrityError`."""
    name = name or config.name
    entries = read_log(config.approvals)
    _check_anchors(con, config, entries)
    if config.allowed_signers is not None:
        check_files(config.approvals, entries)
    approvals = [e for e in entries if _names(e, name) and "version" in e.content]
    stored = {b.version: b for b in versions(con, name)}
    if stored and not entries:
        raise _missing_log(config, stored)
    waiting: list[str] = []
    chain = _Chain(con, config, stored, approvals)
    for entry in reversed(approvals):
        if waiting and int(entry.content["version"]) not in stored:
            break  # NOTE: an imported baseline comes without its older versions.
        if reason := chain.missing(entry):
            waiting.append(f"{name} v{entry.content['version']}: {reason}")
            continue
        baseline = chain.stored(entry)
        _check_content(con, baseline, content_of(con, baseline))
        return Standing(replace(baseline, signed_by=signers(config, entry)), tuple(waiting))
    return Standing(None, tuple(waiting))


def logged_version(
    con: duckdb.DuckDBPyConnection, config: BaselineConfig, version: int, name: str | None = None
) -> tuple[Baseline, Content]:
    """Return a version, in force or not, with its content; held against its line of the log.

    Raises `UsageError` where there is none, and `IntegrityError` where they differ.
    """
    name = name or config.name
    entries = read_log(config.approvals)
    found = [e for e in entries if _names(e, name) and e.content.get("version") == version]
    if not found:
        raise UsageError(
            f"the approval log has no version {version} of baseline {name}",
            hint="audit baseline list shows them",
        )
    stored = {b.version: b for b in versions(con, name)}
    baseline = _Chain(con, config, stored, ()).stored(found[-1])
    content = content_of(con, baseline)
    _check_content(con, baseline, content)
    return baseline, content


def logged_versions(con: duckdb.DuckDBPyConnection, config: BaselineConfig, name: str) -> list[int]:
    """Return the versions that the store holds and the log has a line of, oldest first."""
    logged = {e.content.get("version") for e in read_log(config.approvals) if _names(e, name)}
    return [b.version for b in versions(con, name) if b.version in logged]


def check_line(con: duckdb.DuckDBPyConnection, config: BaselineConfig, entry: Entry) -> None:
    """Refuse to have a line signed that the store contradicts; raises `IntegrityError`."""
    if "version" not in entry.content:
        return
    name = str(entry.content["name"])
    stored = {b.version: b for b in versions(con, name)}
    baseline = _Chain(con, config, stored, ()).stored(entry)
    _check_content(con, baseline, content_of(con, baseline))


@dataclass(frozen=True, slots=True)
class _Chain:
    """The approvals of one baseline, and the versions that the store holds."""

    con: duckdb.DuckDBPyConnection
    config: BaselineConfig
    versions: Mapping[int, Baseline]
    approvals: Sequence[Entry]

    def stored(self, entry: Entry) -> Baseline:
        """Return the version that a line approves; raises `IntegrityError` where they differ."""
        name, version = entry.content["name"], int(entry.content["version"])
        baseline = self.versions.get(version)
        if baseline is None:
            raise IntegrityError(
                f"baseline {name} v{version} is approved but not in the store",
                where=str(self.config.approvals),
                hint="restore the store that it was approved in, or start a new approval log",
            )
        _check_record(self.config, baseline, entry.content)
        return baseline

    def missing(self, entry: Entry) -> str:
        """Return what a version lacks to be in force; empty where nothing.

        A signature vouches for the whole content of its line. So each account needs one line
        with the signatures that the policy wants for it: the newest, or one before it, back to
        where something of the account was last changed.
        """
        if self.config.allowed_signers is None:
            return ""
        content = self._content(entry)
        needed: set[str] | None = None
        while True:
            base = self._base(entry)
            if base is not None and int(base.content["version"]) not in self.versions:
                base = None  # NOTE: an imported baseline comes without its older versions.
            before = self._content(base) if base else Content({})
            changed = content.changed_since(before)
            needed = content.accounts | changed if needed is None else needed
            names = signers(self.config, entry)
            lacks = {a: why for a in needed if (why := lacking(self.config.policy, a, names))}
            if not lacks:
                return ""
            if base is None or lacks.keys() & changed:
                return lacks[min(lacks.keys() & changed or lacks)]
            entry, content, needed = base, before, set(lacks)

    def _content(self, entry: Entry) -> Content:
        baseline = self.stored(entry)
        content = content_of(self.con, baseline)
        _check_list(baseline, content)
        return content

    def _base(self, entry: Entry) -> Entry | None:
        """Return the line of the version that this one was made from."""
        wanted = entry.content["previous_digest"]
        earlier = [e for e in self.approvals if e.number < entry.number]
        return next((e for e in reversed(earlier) if e.content["digest"] == wanted), None)


def _missing_log(config: BaselineConfig, stored: dict[int, Baseline]) -> IntegrityError:
    newest = stored[max(stored)]
    return IntegrityError(
        f"the approval log is missing; the store holds {newest.name} v{newest.version}",
        where=str(config.approvals),
        hint="restore the log from a copy; without it no approval can be shown",
    )


def _names(entry: Entry, name: str) -> bool:
    return bool(entry.content.get("name") == name)


def _check_anchors(
    con: duckdb.DuckDBPyConnection, config: BaselineConfig, entries: Sequence[Entry]
) -> None:
    """Refuse a log whose tail was cut: snapshots remember its head."""
    hashes = {entry.sha256 for entry in entries}
    anchored = con.execute(
        "SELECT id, approval_head FROM store.snapshot WHERE approval_head IS NOT NULL "
        "ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if anchored and anchored[1] not in hashes:
        raise IntegrityError(
            f"the approval log lost lines that snapshot {anchored[0]} has seen",
            where=str(config.approvals),
            hint="restore the log from a copy that you trust; the baseline is refused until then",
        )


def _check_record(config: BaselineConfig, baseline: Baseline, approval: Mapping[str, Any]) -> None:
    recorded = orjson.loads(canonical(log_record(baseline)))
    for field in recorded.keys() - {"action"}:
        if recorded[field] != approval.get(field):
            raise IntegrityError(
                f"baseline {baseline.name} v{baseline.version}: {field} in the store is not "
                "what was approved",
                where=str(config.approvals),
                hint="restore the store from a copy that you trust",
            )


def _check_list(baseline: Baseline, content: Content) -> None:
    if content.digest() != baseline.digest:
        raise IntegrityError(
            f"baseline {baseline.name} v{baseline.version}: its list of approved content was "
            "altered",
            hint="restore the store from a copy that you trust",
        )


def _check_content(con: duckdb.DuckDBPyConnection, baseline: Baseline, content: Content) -> None:
    _check_list(baseline, content)
    label = f"baseline {baseline.name} v{baseline.version}"
    wanted: defaultdict[tuple[str, int], dict[Scope, str]] = defaultdict(dict)
    for (table, scope), (snapshot, digest) in content.scopes.items():
        wanted[table, snapshot][scope] = digest
    empty = empty_tables(con)
    for (table, snapshot), scopes in wanted.items():
        found = {} if table in empty else scope_digests(con, table, scopes, at=snapshot)
        for scope, digest in scopes.items():
            if found.get(scope, EMPTY_DIGEST) != digest:
                raise IntegrityError(
                    f"{label}: rows of {table} in {scope} were altered after the approval",
                    hint="audit store verify names the rows; restore the store from a copy",
                )
