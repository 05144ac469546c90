"""The stage keeps every row, however small the batches are that they come in."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.errors import StoreError
from auditor.store import stage as module
from auditor.store.stage import Stage


def batch(table: str, number: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"id": f"{table}-{number}", "text": "x" * 100}])


@pytest.mark.parametrize("buffers", [1, 2_000, 32 << 20])
def test_rows_in_many_small_batches_are_all_staged(
    buffers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUFFERS", buffers)
    sizes = {"first": 150, "second": 64, "third": 1}
    with Stage(tmp_path / "audit.duckdb", "run") as stage:
        for number in range(150):
            for table, size in sizes.items():
                if number < size:
                    stage.write(table, batch(table, number))
        staged = {name: pq.read_table(path) for name, path in stage.finish().items()}
    assert {name: rows["id"].to_pylist() for name, rows in staged.items()} == {
        name: [f"{name}-{number}" for number in range(size)] for name, size in sizes.items()
    }


def test_rows_that_the_disk_does_not_take_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUFFERS", 1)
    with Stage(tmp_path / "audit.duckdb", "run") as stage:
        stage.folder.rmdir()
        with pytest.raises(StoreError, match="cannot be staged"):
            stage.write("first", batch("first", 1))
