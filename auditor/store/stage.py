"""Where rows wait between collection and sealing: one Parquet file per table, on disk.

Memory stays flat however large the estate is, and a killed run leaves a folder that the next
run removes, never a half-written store.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from auditor.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_PREFIX = ".stage-"
_BUFFER = 8 << 20
"""Bytes buffered per table before they are written."""
_BUFFERS = 32 << 20
"""Bytes buffered for all tables before those of the largest are written."""
_LOOSE = 16
"""Batches per table before they are put together: small ones take far more than their rows."""


class Stage:
    """A private folder beside the store that collects batches of rows; use as a context."""

    def __init__(self, store: Path, run_id: str) -> None:
        self.folder = store.with_name(f"{_PREFIX}{store.name}-{run_id}")
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.Lock()
        # NOTE: encoding takes a hundred megabytes for a moment. The system's allocator keeps such
        # memory for each thread that ever did it, so it is always the same one.
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="stage")

    def __enter__(self) -> Stage:
        with self._explained():
            self.folder.mkdir(mode=0o700, parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._encoder.shutdown()
        for writer in self._writers.values():
            with contextlib.suppress(OSError):
                writer.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Add a batch of rows of a table; safe to call from several threads.

        Raises `StoreError` where the disk does not take them.
        """
        with self._lock, self._explained():
            waiting = self._waiting.setdefault(table, _Waiting())
            waiting.add(batch)
            if waiting.size >= _BUFFER:
                self._flush(table)
            elif sum(w.size for w in self._waiting.values()) >= _BUFFERS:
                largest = max(self._waiting, key=lambda name: self._waiting[name].size)
                self._flush(largest)

    def finish(self) -> dict[str, Path]:
        """Write what waits, close the files and return them by table."""
        with self._lock, self._explained():
            for table in list(self._waiting):
                self._flush(table)
            for writer in self._writers.values():
                writer.close()
            self._writers, files = {}, {name: self._path(name) for name in self._writers}
        return files

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise StoreError(
                "rows cannot be staged beside the store; the last sealed snapshot is intact",
                where=str(self.folder),
                hint="the folder of the store must be writable and have free space",
            ) from exc

    def _path(self, table: str) -> Path:
        return self.folder / f"{table}.parquet"

    def _flush(self, table: str) -> None:
        self._encoder.submit(self._encode, table).result()

    def _encode(self, table: str) -> None:
        import pyarrow.parquet as pq

        rows = self._waiting.pop(table).rows()
        if table not in self._writers:
            self._writers[table] = pq.ParquetWriter(
                self._path(table), rows.schema, compression="zstd"
            )
        self._writers[table].write_table(rows)


class _Waiting:
    """Batches of one table that are not written yet."""

    def __init__(self) -> None:
        self.size = 0
        """In bytes; counted as they come, since asking all of them again takes far too long."""
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep one more batch."""
        self.size += batch.nbytes
        self._batches.append(batch)
        if len(self._batches) == _LOOSE:
            self._batches = self.rows().to_batches()

    def rows(self) -> pa.Table:
        """Return all batches as one table."""
        import pyarrow as pa

        return pa.Table.from_batches(self._batches).combine_chunks()


def remove_leftovers(store: Path) -> int:
    """Delete stages that killed runs left behind and return how many; call under the run lock."""
    left = [p for p in store.parent.glob(f"{_PREFIX}{store.name}-*") if p.is_dir()]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)
