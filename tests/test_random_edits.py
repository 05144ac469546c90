"""Random edits of the log, its signatures, the signers and the store: each one is found."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from auditor import __version__
from auditor.baseline.log import read_log
from auditor.baseline.record import Decision
from auditor.baseline.signatures import check_intact
from auditor.baseline.standing import standing
from auditor.baseline.waivers import waive, waivers
from auditor.config import Config
from auditor.errors import IntegrityError
from auditor.inquiry import verify_attached, verify_everything
from auditor.store.database import reading, writing
from auditor.store.verify import verify_store
from tests.harness import LEAST, Lab, Rows, short
from tests.signing import Office, needs_ssh_keygen
from tests.tampering import other_letter

pytestmark = needs_ssh_keygen

INSTANCES = "aws_ec2_instances"
NAMED = re.compile(r"snapshot \d|baseline default v\d|finding [0-9a-f]{8}")
"""Where an edit was made, if no table is named."""
UNTOLD = ("title", "description", "position", "since_snapshot")
"""Columns of table_info and column_info that say nothing about the inventory."""


def rows(**hops: int) -> Rows:
    return {INSTANCES: [{"id": f"i-{n}", "metadata_hop_limit": h} for n, h in hops.items()]}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A store with three runs, three signed versions, a signed waiver, findings in each state."""
    lab = Lab(tmp_path_factory.mktemp("office"), tables=[INSTANCES], known=LEAST)
    lab.tool_version = __version__
    office = Office(lab)
    lab.seal(rows(a=1, b=1))
    office.approve("alice")
    found = lab.audit(rows(a=2, b=2, c=1, d=1)).active
    office.approve("alice", [f for f in found if short(f) in {"i-b", "i-c"}])
    at = lab.clock()
    who = Decision("alice@example.com", "carol", "being mended", at)
    (first,) = (f for f in found if short(f) == "i-a")
    waive(lab.config.baseline, who, first, owner="web", expires_at=at + timedelta(days=9))
    lab.audit(rows(a=2, b=2, c=1))
    assert verify_everything(lab.config).problems == ()
    return office


def check(office: Office) -> None:
    config = office.lab.config.baseline
    check_intact(config.approvals, read_log(config.approvals))
    with reading(office.lab.config.store) as con:
        standing(con, config)
    waivers(config, at=office.lab.clock.moment)


def refused(office: Office, path: Path, content: bytes) -> IntegrityError:
    """Write something else for a moment, and return what is said of it."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        with pytest.raises(IntegrityError) as caught:
            check(office)
        return caught.value
    finally:
        path.write_bytes(before)


def test_a_byte_of_the_log_or_of_a_signature(office: Office) -> None:
    chance = random.Random(11)
    log = office.lab.config.baseline.approvals
    files = [log, *(path for line in (1, 2, 3) for path in office.signatures(line))]
    for number in range(120):
        path = chance.choice(files)
        before = path.read_bytes()
        if number % 2 and path == log:
            content, place = other_letter(chance, before)
        else:
            place = chance.randrange(len(before))
            other = chance.choice([b for b in range(256) if b != before[place]])
            content = before[:place] + bytes([other]) + before[place + 1 :]
        error = refused(office, path, content)
        assert path.stem.split(".")[0] in str(error.where), (path, place)
    check(office)


def test_a_line_of_the_log_that_still_is_valid(office: Office) -> None:
    """A digit or the case of a letter: the signature, the chain or the store names the line."""
    chance = random.Random(13)
    log = office.lab.config.baseline.approvals
    before = log.read_bytes()
    for _ in range(60):
        content, place = other_letter(chance, before)
        error = refused(office, log, content)
        line = before[:place].count(b"\n") + 1
        said = f"{error.where} {error.message}"
        assert "not JSON" not in said
        assert f":{line}" in said or f":{line + 1}" in said or f"{line:06}" in said, said


def test_a_letter_of_who_may_sign(office: Office) -> None:
    chance = random.Random(14)
    before = office.allowed.read_bytes()
    start = before.index(b"alice")
    line = before[start : before.index(b"\n", start)]
    for _ in range(20):
        content, _ = other_letter(chance, line)
        error = refused(office, office.allowed, before.replace(line, content))
        assert "of the approval log" in error.message or "did not sign it" in error.message
        assert f"{office.lab.config.baseline.approvals.stem}." in str(error.where)
    check(office)


def test_a_value_of_the_store(office: Office) -> None:
    """Of each table: another value, a row less, a row twice."""
    chance = random.Random(12)
    config = office.lab.config
    tried = 0
    with writing(config.store, now=office.lab.clock.moment) as con:
        columns = columns_of(con)
        for table in [t for t in sorted(columns) for _ in range(2 + len(columns[t]) // 4)]:
            column, kind = chance.choice(columns[table])
            row = f"WHERE rowid = {chance.choice(numbers(con, table))}"
            edit = chance.choice(
                [f'UPDATE {table} SET "{column}" = {_other(kind, column)} {row}'] * 6
                + [f"DELETE FROM {table} {row}", f"INSERT INTO {table} SELECT * FROM {table} {row}"]
            )
            before = con.execute(f"SELECT * FROM {table}").fetchall()
            con.execute("BEGIN")
            con.execute(edit)
            if before != con.execute(f"SELECT * FROM {table}").fetchall():
                tried += 1
                said = found(con, config)
                assert table.rpartition(".")[2] in said or NAMED.search(said), (edit, said)
            con.execute("ROLLBACK")
    assert tried >= 50


def columns_of(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Return the columns of each table that has rows, with their types."""
    kinds = con.execute(
        "SELECT concat_ws('.', database_name, schema_name, table_name), column_name, data_type "
        "FROM duckdb_columns() WHERE database_name = 'store' AND table_name <> 'migration' "
        "AND column_name NOT IN (SELECT unnest(?)) ORDER BY ALL",
        [list(UNTOLD)],
    ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in kinds:
        found.setdefault(table, []).append((column, kind))
    return {table: some for table, some in found.items() if numbers(con, table)}


def numbers(con: duckdb.DuckDBPyConnection, table: str) -> list[int]:
    return [n for (n,) in con.execute(f"SELECT rowid FROM {table} ORDER BY ALL").fetchall()]


def found(con: duckdb.DuckDBPyConnection, config: Config) -> str:
    """Return what verifying says; the log, which takes longest, only where the store is whole."""
    try:
        return "\n".join(
            verify_store(con).problems or verify_attached(con, config, described=True).problems
        )
    except IntegrityError as exc:
        return exc.message


def _other(kind: str, column: str) -> str:
    if kind in {"VARCHAR", "JSON"}:
        return "'\"' || 'x' || '\"'"
    if kind == "BOOLEAN":
        return f'NOT coalesce("{column}", false)'
    if kind == "UUID":
        return "uuid()"
    if kind == "TIMESTAMP":
        return "TIMESTAMP '2020-02-02'"
    if kind.endswith("[]"):
        return "['x']"
    return f'coalesce("{column}", 2) - 1'
