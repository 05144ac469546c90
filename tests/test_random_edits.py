"""Two hundred random edits of the log, its signatures and the store: each one is found."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
import pytest

from auditor.baseline.log import read_log
from auditor.baseline.signatures import check_intact
from auditor.baseline.standing import standing
from auditor.errors import IntegrityError
from auditor.inquiry import verify_everything
from auditor.store.database import reading
from tests.harness import LEAST, Lab, Rows
from tests.signing import Office, needs_ssh_keygen

pytestmark = needs_ssh_keygen

INSTANCES = "aws_ec2_instances"
HELD = (
    f"inventory.{INSTANCES}", "snapshot", "coverage", "table_change", "baseline_version",
    "baseline_scope",
)  # fmt: skip
"""What is hashed; findings and outcomes are derived from it."""


def rows(**hops: int) -> Rows:
    return {INSTANCES: [{"id": f"i-{n}", "metadata_hop_limit": h} for n, h in hops.items()]}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A store with three snapshots and two signed versions."""
    lab = Lab(tmp_path_factory.mktemp("office"), tables=[INSTANCES], known=LEAST)
    office = Office(lab)
    for hops in ({"a": 1, "b": 1}, {"a": 2, "b": 1, "c": 1}):
        lab.seal(rows(**hops))
        office.approve("alice")
    lab.seal(rows(a=2, b=1, c=1))
    assert verify_everything(lab.config).problems == ()
    return office


def check(office: Office) -> None:
    config = office.lab.config.baseline
    check_intact(config.approvals, read_log(config.approvals))
    with reading(office.lab.config.store) as con:
        standing(con, config)


def test_a_byte_of_the_log_or_of_a_signature(office: Office) -> None:
    chance = random.Random(11)
    log = office.lab.config.baseline.approvals
    files = [log, *office.signatures(1), *office.signatures(2)]
    for _ in range(150):
        path = chance.choice(files)
        before = path.read_bytes()
        place = chance.randrange(len(before))
        other = chance.choice([b for b in range(256) if b != before[place]])
        path.write_bytes(before[:place] + bytes([other]) + before[place + 1 :])
        with pytest.raises(IntegrityError) as caught:
            check(office)
        path.write_bytes(before)
        assert path.stem.split(".")[0] in str(caught.value.where), (path, place, other)
    check(office)


def test_a_value_of_the_store(office: Office, tmp_path: Path) -> None:
    chance = random.Random(12)
    store = office.lab.config.store.path
    shutil.copy(store, tmp_path / "kept")
    with duckdb.connect(str(store), read_only=True) as con:
        kinds = con.execute(
            "SELECT if(schema_name = 'main', '', schema_name || '.') || table_name AS held, "
            "column_name, data_type FROM duckdb_columns() WHERE held IN "
            "(SELECT unnest(?::VARCHAR[])) AND NOT internal ORDER BY ALL",
            [list(HELD)],
        ).fetchall()
    for _ in range(50):
        table, column, kind = chance.choice(kinds)
        edit = f'UPDATE {table} SET "{column}" = {_other(kind, column)} WHERE rowid = {{}}'
        with duckdb.connect(str(store)) as con:
            count = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            row = chance.randrange(count)
            before = con.execute(f'SELECT "{column}" FROM {table} WHERE rowid = {row}').fetchall()
            con.execute(edit.format(row))
            after = con.execute(f'SELECT "{column}" FROM {table} WHERE rowid = {row}').fetchall()
        if before != after:
            assert found(office), (table, column, row)
        shutil.copy(tmp_path / "kept", store)


def found(office: Office) -> bool:
    try:
        return bool(verify_everything(office.lab.config).problems)
    except IntegrityError:
        return True


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
