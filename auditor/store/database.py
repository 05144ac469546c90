"""Open the store: writers briefly and alone, readers with a bounded wait.

DuckDB lets one process write or many read. Collection therefore happens before the file is
opened for writing, and readers retry for as long as `store.wait` while a snapshot is sealed.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from auditor import __version__
from auditor.config import StoreConfig
from auditor.errors import StoreBusyError, StoreError
from auditor.store.schema import migrate, refuse_newer, version_of

_STORAGE = "v1.5.0"
"""Storage version that DuckDB 1.5 and 2.0 both read and write."""


_FILE_FAILURES = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.SerializationException,
    duckdb.TransactionException,
)
"""What DuckDB raises when the file cannot be read or written, a commit included."""


@contextlib.contextmanager
def run_lock(config: StoreConfig, *, patient: bool = False) -> Iterator[None]:
    """Hold the lock that only one run or approval may have; the system frees it on a crash.

    Whoever is patient waits for it as long as `store.wait`; a run gives up at once.
    """
    wait = config.wait.total_seconds() if patient else 0
    path = config.path.with_name(config.path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=wait, mode=0o600)
        lock.acquire()
    except Timeout:
        raise StoreBusyError(
            "another run holds the lock",
            where=str(config.path),
            hint="wait until it ends; readers such as audit report work meanwhile",
        ) from None
    except OSError as exc:
        raise StoreError(
            f"the lock file cannot be written: {exc.strerror}",
            where=str(path),
            hint="the folder of the store must be writable",
        ) from exc
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def writing(
    config: StoreConfig, *, now: datetime, patience: timedelta | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the store for writing, created and migrated; it is attached as `store`.

    Waits for readers as long as `patience`, by default `store.wait`.
    """
    new = not config.path.exists()
    with _attached(config, read_only=False, patience=patience or config.wait) as con:
        if new:
            config.path.chmod(0o600)
        migrate(con, now=now, tool_version=__version__, path=str(config.path))
        yield con


@contextlib.contextmanager
def reading(config: StoreConfig) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the store for reading; it is attached read-only as `store`.

    Raises `StoreError` where there is none yet, and `StoreBusyError` when a writer did not
    finish within `store.wait`.
    """
    if not config.path.exists():
        raise StoreError(
            "there is no store yet", where=str(config.path), hint="take a first snapshot: audit run"
        )
    with _attached(config, read_only=True, patience=config.wait) as con:
        version = version_of(con)
        refuse_newer(version, str(config.path))
        if version == 0:
            raise StoreError(
                "the store is empty", where=str(config.path), hint="take a snapshot: audit run"
            )
        yield con


@contextlib.contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run a block in one transaction: all of it or nothing."""
    con.execute("BEGIN")
    try:
        yield
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


@contextlib.contextmanager
def _attached(
    config: StoreConfig, *, read_only: bool, patience: timedelta
) -> Iterator[duckdb.DuckDBPyConnection]:
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": config.memory_limit,
        "temp_directory": str(config.path.with_name(f".{config.path.name}.tmp")),
    }
    con = duckdb.connect(":memory:", config=options)
    try:
        con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
        _attach(con, config, read_only=read_only, patience=patience)
        with _explained(config.path):
            yield con
    finally:
        con.close()


def _attach(
    con: duckdb.DuckDBPyConnection, config: StoreConfig, *, read_only: bool, patience: timedelta
) -> None:
    quoted = str(config.path).replace("'", "''")
    mode = "READ_ONLY" if read_only else f"STORAGE_VERSION '{_STORAGE}'"
    give_up = time.monotonic() + patience.total_seconds()
    while True:
        try:
            config.path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"ATTACH '{quoted}' AS store ({mode})")
        except duckdb.IOException as exc:
            if "Could not set lock" not in str(exc):
                raise _unusable(config.path, exc) from exc
            if time.monotonic() > give_up:
                raise StoreBusyError(
                    "another process holds the store and did not finish in time",
                    where=str(config.path),
                    hint=f"waited {patience.total_seconds():.0f} s; try again when it has ended",
                ) from exc
            time.sleep(0.1)
        except (duckdb.Error, OSError) as exc:
            raise _unusable(config.path, exc) from exc
        else:
            return


def _unusable(path: Path, exc: Exception) -> StoreError:
    if path.exists() and not os.access(path, os.R_OK):
        message = "the store cannot be read: permission denied"
    elif not path.exists() and not os.access(path.parent, os.W_OK):
        message = "the store cannot be created: the folder is not writable"
    elif path.exists() and not os.access(path, os.W_OK):
        message = "the store cannot be written: it is read-only"
    elif isinstance(exc, OSError):
        message = f"the store cannot be opened: {exc.strerror}"
    else:
        message = "the file is not a usable store: it is damaged or not DuckDB"
    return StoreError(
        message,
        where=str(path),
        hint="the file was not changed; restore a copy, or name another file in store.path",
    )


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn DuckDB's failures on the file itself into errors that name the file."""
    try:
        yield
    except _FILE_FAILURES as exc:
        raise StoreError(
            "reading or writing the store failed; the last sealed snapshot is intact",
            where=str(path),
            hint="check free disk space and the disk, then: audit store verify",
        ) from exc
    except duckdb.OutOfMemoryException as exc:
        raise StoreError(
            "DuckDB ran out of memory or of disk for temporary files",
            where=str(path),
            hint="raise store.memory_limit or free disk space; nothing was written",
        ) from exc
