"""The collection engine: rows counted, errors kept in their scope, an end that always comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from auditor.collect import clouds, engine
from auditor.collect.agenda import Agenda
from auditor.collect.progress import Progress
from auditor.collect.table import ResourceTable, common, integer
from auditor.config import AwsConfig, Config, RunConfig
from auditor.errors import CollectError, StoreError
from auditor.model import Coverage, Scope, Status

REGIONS = ("r1", "r2")


class FakeAccount:
    """An account whose scopes need no cloud."""

    cloud = "aws"

    def __init__(self, number: str, broken: Exception | None = None) -> None:
        self.label = self.account_id = number
        self.broken = broken
        self.closed = 0

    def open(self) -> None:
        if self.broken:
            raise self.broken

    def scopes(self, *, regional: bool) -> list[Any]:
        names = REGIONS if regional else ("global",)
        return [SimpleNamespace(scope=Scope("aws", self.label, name)) for name in names]

    def close(self) -> None:
        self.closed += 1


def table(name: str, fetch: Any, transform: Any = None) -> ResourceTable:
    def plain(raw: Any, scope: Scope) -> dict[str, Any]:
        return {**common(scope, f"id-{raw}"), "size": raw}

    made = ResourceTable(
        title=name,
        description=name,
        columns=(integer("size", "A number."),),
        permissions=(),
        fetch=fetch,
        transform=transform or plain,
    )
    made.name, made.cloud = name, "aws"
    return made


@pytest.fixture
def collect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the engine over fake tables and accounts; returns coverage by (table, scope) and rows."""

    def run(
        tables: list[ResourceTable], accounts: list[FakeAccount], sink: Any = None, **options: Any
    ) -> tuple[dict[tuple[str, str, str], Coverage], int]:
        session = SimpleNamespace(
            accounts=lambda *_: accounts,
            classify=lambda error: None,
        )
        monkeypatch.setattr(engine, "all_tables", lambda: tuple(tables))
        monkeypatch.setattr(engine, "session_of", lambda cloud: session)
        monkeypatch.setattr(clouds, "session_of", lambda cloud: session)
        monkeypatch.setattr(clouds, "all_tables", lambda: tuple(tables))
        monkeypatch.setattr(engine, "_GRACE", 0.2)
        config = Config(aws=AwsConfig(), run=RunConfig(concurrency=4, **options))
        rows = 0

        def count(_: str, batch: pa.RecordBatch) -> None:
            nonlocal rows
            rows += batch.num_rows

        found = engine.collect(
            config, sink or count, context=clouds.bounded_by(config.run), progress=Progress()
        )
        return {(c.table, c.scope.account_id, c.scope.region): c for c in found}, rows

    return run


def three(scope: Any) -> Iterator[int]:
    yield from (1, 2, 3)


def test_every_table_in_every_scope_has_a_coverage_row(collect: Any) -> None:
    account = FakeAccount("1")
    found, rows = collect([table("aws_a", three), table("aws_b", three)], [account])
    assert {key: (c.status, c.rows) for key, c in found.items()} == {
        (name, "1", region): (Status.COMPLETE, 3)
        for name in ("aws_a", "aws_b")
        for region in REGIONS
    }
    assert rows == 12
    assert account.closed == 1


def test_a_row_that_cannot_be_stored_makes_its_scope_incomplete(collect: Any) -> None:
    def transform(raw: int, scope: Scope) -> dict[str, Any]:
        size: object = "secret text" if raw == 2 else raw
        return {**common(scope, f"id-{raw}"), "size": size}

    found, rows = collect([table("aws_a", three, transform)], [FakeAccount("1")])
    outcome = found["aws_a", "1", "r1"]
    assert (outcome.status, outcome.error_kind, outcome.rows) == (Status.FAILED, "malformed", 2)
    assert outcome.detail == (
        "1 of 3 rows could not be stored; first: aws_a.size holds a str, not int64"
    )
    assert rows == 4


@pytest.mark.parametrize("error", [KeyError("Id"), AttributeError("x"), ValueError("secret")])
def test_a_transform_that_fails_names_no_content(collect: Any, error: Exception) -> None:
    def transform(raw: int, scope: Scope) -> dict[str, Any]:
        raise error

    found, _ = collect([table("aws_a", three, transform)], [FakeAccount("1")])
    assert found["aws_a", "1", "r1"].status is Status.FAILED
    assert "secret" not in str(found["aws_a", "1", "r1"].detail)


def test_an_error_after_some_rows_keeps_the_count_and_the_reason(collect: Any) -> None:
    def fetch(scope: Any) -> Iterator[int]:
        yield from range(1200)
        if scope.scope.region == "r2":
            raise CollectError("no", status=Status.DENIED, kind="denied", hint="ask")

    found, _ = collect([table("aws_a", fetch)], [FakeAccount("1")])
    assert found["aws_a", "1", "r1"].status is Status.COMPLETE
    denied = found["aws_a", "1", "r2"]
    assert (denied.status, denied.error_kind, denied.detail) == (Status.DENIED, "denied", "no; ask")
    assert denied.rows == 1000


def test_an_account_that_cannot_be_opened_is_a_gap_in_every_table(collect: Any) -> None:
    error = CollectError("expired", status=Status.DENIED, kind="credentials")
    found, _ = collect(
        [table("aws_a", three), table("aws_b", three)], [FakeAccount("1", error), FakeAccount("2")]
    )
    assert found["aws_a", "1", "*"].status is Status.DENIED
    assert found["aws_b", "1", "*"].status is Status.DENIED
    assert found["aws_a", "2", "r1"].status is Status.COMPLETE


def test_a_reading_that_hangs_ends_with_the_deadline(collect: Any) -> None:
    never = threading.Event()

    def fetch(scope: Any) -> Iterator[int]:
        if scope.scope.region == "r1":
            never.wait(20)
        yield 1

    begun = time.monotonic()
    found, _ = collect(
        [table("aws_a", fetch)],
        [FakeAccount("1")],
        deadline=timedelta(seconds=0.3),
        read_timeout=timedelta(seconds=0.1),
    )
    never.set()
    assert time.monotonic() - begun < 10
    hung = found["aws_a", "1", "r1"]
    assert (hung.status, hung.error_kind) == (Status.FAILED, "deadline")
    assert found["aws_a", "1", "r2"].status is Status.COMPLETE


def test_rows_that_cannot_be_kept_end_the_run(collect: Any) -> None:
    def sink(*_: Any) -> None:
        raise StoreError("disk full")

    with pytest.raises(StoreError, match="disk full"):
        collect([table("aws_a", three)], [FakeAccount("1")], sink)


def test_the_agenda_is_fair_between_accounts() -> None:
    agenda: Agenda[str, int] = Agenda()
    for unit in range(5):
        agenda.add("slow", unit)
    agenda.add("quick", 1)
    assert agenda.take() == ("slow", 0)
    assert agenda.take() == ("quick", 1)
    assert agenda.take() == ("slow", 1)
    assert agenda.done("quick")
    assert not agenda.done("slow")
