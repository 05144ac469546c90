"""Read scopes x tables into batches, and account for each of them with a coverage row.

Nothing is swallowed: a row that cannot be stored, an answer that cannot be parsed, a call that
is denied makes its scope incomplete and names the reason. The scopes beside it stand.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from auditor.collect.agenda import Agenda
from auditor.collect.batch import RowError, prepare, to_batch
from auditor.collect.catalog import CLOUDS, all_tables, select_tables
from auditor.collect.clouds import Account, check_selection, classified, session_of
from auditor.collect.context import CollectContext
from auditor.collect.garbage import seldom_searched
from auditor.collect.memory import shared_by_threads
from auditor.collect.progress import Progress
from auditor.collect.table import ResourceTable, ScopeClient
from auditor.config import Config
from auditor.errors import CollectError, StoreError
from auditor.model import Coverage, Scope, Status

log = logging.getLogger(__name__)

BATCH_ROWS = 500
"""Rows held in memory per reading before they go to the stage."""

_GRACE = 5.0
"""Seconds that readings get past the deadline to notice it themselves."""

Sink = Callable[[str, pa.RecordBatch], None]


class _Open:
    """Unit of work: open an account and queue its readings."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """Unit of work: read one table in one scope."""

    table: ResourceTable
    client: ScopeClient


@dataclass
class _Collection:
    """State that the worker threads of one run share."""

    config: Config
    context: CollectContext
    sink: Sink
    progress: Progress
    agenda: Agenda[Account, _Open | _Reading] = field(default_factory=Agenda)
    coverage: dict[tuple[str, Scope], Coverage] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: bool = False
    fatal: StoreError | None = None
    """What ended the whole collection: rows could not be kept."""

    def record(self, items: Iterable[Coverage]) -> None:
        """Keep outcomes, unless the run was given up meanwhile."""
        with self.lock:
            if not self.closed:
                self.coverage.update({(item.table, item.scope): item for item in items})

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Hand rows to the stage, unless the run was given up meanwhile."""
        with self.lock:
            if self.closed:
                raise CollectError("given up", status=Status.FAILED, kind="deadline")
        self.sink(table, batch)


@seldom_searched()
@shared_by_threads()
def collect(
    config: Config, sink: Sink, *, context: CollectContext, progress: Progress
) -> list[Coverage]:
    """Read everything that the configuration asks for; rows go to `sink` as they come.

    Returns one coverage row per (table, scope), sorted; raises `StoreError` when `sink` does.
    Ends at the deadline at the latest, a grace for calls that are under way included.
    """
    check_selection(config)
    state = _Collection(config, context, sink, progress)
    for cloud in CLOUDS:
        if getattr(config, cloud).enabled:
            _queue_accounts(state, cloud)
    threads = [
        threading.Thread(target=_work, args=(state,), name=f"collect-{i}", daemon=True)
        for i in range(config.run.concurrency)
    ]
    for thread in threads:
        thread.start()
    try:
        left = context.deadline - time.monotonic() + context.read_timeout + _GRACE
        finished = state.agenda.finished(left)
    finally:
        context.stop()
        with state.lock:
            state.closed = True
    if state.fatal is not None:
        raise state.fatal
    if not finished:
        log.warning("collection was given up at its deadline")
    return sorted(state.coverage.values(), key=lambda c: (c.scope, c.table))


def _queue_accounts(state: _Collection, cloud: str) -> None:
    session = session_of(cloud)
    try:
        accounts = session.accounts(state.config, state.context)
    except Exception as exc:  # noqa: BLE001  # the scope guard
        state.record(_gaps(state, cloud, Scope(cloud, "*", "*"), classified(cloud, exc)))
        return
    for account in accounts:
        state.agenda.add(account, _Open())
    state.progress.expect(len(accounts))


def _work(state: _Collection) -> None:
    while (taken := state.agenda.take()) is not None:
        account, unit = taken
        try:
            if isinstance(unit, _Open):
                _open(state, account)
            else:
                state.record([_read(state, unit)])
        except StoreError as exc:
            state.fatal = exc
            state.context.stop()
        finally:
            state.progress.advance(state.context.throttles)
            if state.agenda.done(account):
                account.close()


def _open(state: _Collection, account: Account) -> None:
    """Open an account and queue a reading for each table and scope in it."""
    wanted, skipped = _tables(state, account.cloud)
    try:
        state.context.check()
        account.open()
        readings = [
            _Reading(table, client)
            for table in wanted
            for client in table.resolver.multiplex(account)
        ]
    except Exception as exc:  # noqa: BLE001  # the scope guard
        scope = Scope(account.cloud, account.account_id or account.label, "*")
        state.record(_gaps(state, account.cloud, scope, classified(account.cloud, exc)))
        return
    state.record(
        Coverage(table.name, client.scope, Status.SKIPPED)
        for table in skipped
        for client in table.resolver.multiplex(account)
    )
    # NOTE: until a reading has ended it counts as failed, so that giving up leaves no hole.
    state.record(
        Coverage(
            reading.table.name,
            reading.client.scope,
            Status.FAILED,
            error_kind="deadline",
            detail="not read before the deadline",
        )
        for reading in readings
    )
    state.progress.expect(len(readings))
    for reading in readings:
        state.agenda.add(account, reading)


def _read(state: _Collection, reading: _Reading) -> Coverage:
    """Read one table in one scope to its end, and say how it went."""
    table, scope = reading.table, reading.client.scope
    rows = 0
    bad: list[str] = []
    try:
        state.context.check()
        items = table.resolver.resolve(reading.client, None)
        while chunk := list(islice(items, BATCH_ROWS)):
            good, faults = _rows(table, chunk, scope)
            bad.extend(faults)
            if good:
                state.write(table.name, to_batch(table, good))
            rows += len(good)
            state.progress.rows(len(good))
            state.context.check()
    except StoreError:
        raise
    except Exception as exc:  # noqa: BLE001  # the scope guard
        failure = classified(table.cloud, exc)
        return Coverage(
            table.name, scope, Status(failure.status), rows, failure.kind, _detail(failure)
        )
    if bad:
        detail = f"{len(bad)} of {rows + len(bad)} rows could not be stored; first: {bad[0]}"
        return Coverage(table.name, scope, Status.FAILED, rows, "malformed", detail)
    return Coverage(table.name, scope, Status.COMPLETE, rows)


def _rows(
    table: ResourceTable, items: Sequence[Any], scope: Scope
) -> tuple[list[dict[str, Any]], list[str]]:
    """Transform items; returns the rows, and one line for each item that gave none."""
    good: list[dict[str, Any]] = []
    bad: list[str] = []
    for item in items:
        try:
            good.append(prepare(table, table.transform(item, scope)))
        except (RowError, KeyError, TypeError, ValueError, AttributeError) as exc:
            # NOTE: the text of these may quote the item, so only our own is passed on.
            what = str(exc) if isinstance(exc, RowError) else f"{type(exc).__name__} in transform"
            log.debug("a row of %s in %s could not be stored: %s", table.name, scope, what)
            bad.append(what)
    return good, bad


def _tables(state: _Collection, cloud: str) -> tuple[list[ResourceTable], list[ResourceTable]]:
    run = state.config.run
    wanted, skipped = select_tables(all_tables(), run.tables, run.skip_tables)
    return [t for t in wanted if t.cloud == cloud], [t for t in skipped if t.cloud == cloud]


def _gaps(
    state: _Collection, cloud: str, scope: Scope, failure: CollectError
) -> Iterator[Coverage]:
    """One coverage row per table for an account that could not be opened."""
    for table in _tables(state, cloud)[0]:
        yield Coverage(table.name, scope, Status(failure.status), 0, failure.kind, _detail(failure))


def _detail(failure: CollectError) -> str:
    return f"{failure.message}; {failure.hint}" if failure.hint else failure.message
