"""A store with history, made without any cloud: rows are prepared, staged and sealed for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.baseline.versions import Content
from auditor.collect.batch import prepare, to_batch
from auditor.collect.catalog import all_tables
from auditor.collect.table import ResourceTable
from auditor.config import Config, StoreConfig
from auditor.model import Coverage, Scope, Snapshot, Status
from auditor.store.database import reading, writing
from auditor.store.seal import SealRequest, seal
from auditor.store.snapshots import coverage_of
from auditor.store.stage import Stage
from benchmarks.common import Watch, watched
from benchmarks.estate import group, instance, rule, scope_of, scopes

MAKERS: Mapping[str, Callable[[int, int], dict[str, Any]]] = {
    "aws_ec2_instances": instance,
    "aws_ec2_security_groups": group,
    "aws_ec2_security_group_rules": rule,
}
_START = datetime(2026, 2, 2, 4, tzinfo=UTC)
_CHUNK = 5_000


def table(name: str) -> ResourceTable:
    """Return the definition of a table."""
    return next(t for t in all_tables() if t.name == name)


def rows(name: str, indexes: Iterator[int] | range, revision: int) -> Iterator[pa.RecordBatch]:
    """Yield prepared rows of a table, as the engine would stage them."""
    chosen, make = table(name), MAKERS[name]
    place = _rule_scope if name == "aws_ec2_security_group_rules" else scope_of
    waiting = []
    for index in indexes:
        raw = make(index, revision)
        waiting.append(prepare(chosen, chosen.transform(raw, place(index))))
        if len(waiting) == _CHUNK:
            yield to_batch(chosen, waiting)
            waiting = []
    if waiting:
        yield to_batch(chosen, waiting)


@dataclass
class Sealed:
    """What sealing one snapshot took."""

    snapshot: Snapshot
    stage: Watch
    seal: Watch
    """The transaction itself."""
    write: Watch
    """The same, opening and closing the file included: how long readers wait."""


@dataclass
class Ledger:
    """A store and the inventory that its next snapshot will hold."""

    path: Path
    memory_limit: str = "1GB"
    sizes: dict[str, int] = field(default_factory=dict)
    _held: dict[str, pa.Table] = field(default_factory=dict)
    _sealed: int = 0

    @property
    def config(self) -> Config:
        """A configuration that points at the store."""
        store = StoreConfig(path=self.path, memory_limit=self.memory_limit)
        return Config(store=store)

    def fill(self, name: str, size: int) -> None:
        """Hold `size` resources of a table."""
        self.sizes[name] = size
        self._held[name] = pa.Table.from_batches(rows(name, range(size), 0))

    def change(self, name: str, indexes: Iterator[int], revision: int) -> None:
        """Replace resources by a later revision of them."""
        fresh = pa.Table.from_batches(rows(name, indexes, revision))
        held = self._held[name]
        old = pa.compute.is_in(held["resource_id"], fresh["resource_id"].combine_chunks())
        self._held[name] = pa.concat_tables([held.filter(pa.compute.invert(old)), fresh])

    def seal(self) -> Sealed:
        """Stage what is held and seal it."""
        self._sealed += 1
        now = _START + timedelta(days=self._sealed)
        with Stage(self.path, f"bench-{self._sealed}") as stage:
            with watched() as staging:
                for name, held in self._held.items():
                    for batch in held.to_batches(_CHUNK):
                        stage.write(name, batch)
                staged = stage.finish()
            request = SealRequest(
                run_id=f"bench-{self._sealed}",
                started_at=now,
                sealed_at=now,
                tool_version="bench",
                config_digest="",
                approval_head=None,
                specs=[each.spec() for each in all_tables()],
                staged=staged,
                coverage=[Coverage(n, s, Status.COMPLETE) for n in self._held for s in scopes()],
            )
            with (
                watched() as write,
                writing(self.config.store, now=now) as con,
                watched() as sealing,
            ):
                snapshot, _ = seal(con, request)
        return Sealed(snapshot, staging, sealing, write)

    def approved(self, snapshot: int) -> Content:
        """Return the content of a baseline that approves all of a snapshot."""
        with reading(self.config.store) as con:
            found = coverage_of(con, snapshot)
        return Content({(c.table, c.scope): (snapshot, str(c.digest)) for c in found})

    def coverage(self, snapshot: int) -> list[Coverage]:
        """Return the coverage of a snapshot."""
        with reading(self.config.store) as con:
            return coverage_of(con, snapshot)

    def used_bytes(self) -> int:
        """Return the bytes of the blocks in use."""
        with reading(self.config.store) as con:
            row = con.execute(
                "SELECT used_blocks * block_size FROM pragma_database_size() "
                "WHERE database_name = 'store'"
            ).fetchone()
        return int(row[0]) if row else 0


def _rule_scope(index: int) -> Scope:
    return scope_of(index // 10)
