"""Whoever edits the store or the approval log behind the program's back is found out, and where."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from auditor.baseline.standing import approved_baseline
from auditor.errors import IntegrityError
from auditor.inquiry import verify_everything
from auditor.model import Outcome
from auditor.store.database import reading
from tests.harness import Lab

INSTANCES = "aws_ec2_instances"
ROWS = f"store.inventory.{INSTANCES}"


def rows(*hops: int) -> dict[str, list[dict[str, object]]]:
    return {
        INSTANCES: [
            {"id": f"i-{n}", "metadata_hop_limit": h, "public_ip": f"203.0.113.{n}"}
            for n, h in enumerate(hops, start=1)
        ]
    }


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with four snapshots, in which i-1 changed, i-3 came back and i-4 is new."""
    folder = tmp_path_factory.mktemp("original")
    lab = Lab(folder, tables=[INSTANCES])
    lab.audit(rows(1, 1, 1))
    lab.approve(reason="first")
    lab.audit(rows(2, 1, 1))
    lab.audit(rows(2, 1))
    lab.approve(lab.audit(rows(2, 1, 9, 1)).active[:2], reason="second")
    return folder


@pytest.fixture
def lab(original: Path, tmp_path: Path) -> Lab:
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return Lab(tmp_path, tables=[INSTANCES])


def problems(lab: Lab) -> str:
    return "\n".join(verify_everything(lab.config).problems)


def refusal(lab: Lab) -> IntegrityError:
    with reading(lab.config.store) as con, pytest.raises(IntegrityError) as caught:
        approved_baseline(con, lab.config.baseline)
    run = lab.compare()
    assert (run.outcome, run.exit_code) == (Outcome.INTEGRITY, 5)
    assert caught.value.message in run.problems[0]
    assert run.findings == () and run.baseline is None
    return caught.value


def test_untouched(lab: Lab) -> None:
    found = verify_everything(lab.config)
    assert (found.problems, found.snapshots, found.rows) == ((), 4, 6)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        (f"UPDATE {ROWS} SET metadata_hop_limit = 1 WHERE metadata_hop_limit = 2",
         (INSTANCES, "instance/i-1 of snapshot 2", "its content was altered")),
        (f"UPDATE {ROWS} SET name = 'x' WHERE instance_id = 'i-2'",
         ("instance/i-2 of snapshot 1", "its content was altered")),
        (f"UPDATE {ROWS} SET public_ip = NULL WHERE instance_id = 'i-2'",
         ("instance/i-2 of snapshot 1", "a volatile column was altered")),
        (f"UPDATE {ROWS} SET row_hash = uuid() WHERE instance_id = 'i-2'",
         ("instance/i-2 of snapshot 1", "was altered", "snapshot 4")),
        (f"UPDATE {ROWS} SET evidence_hash = uuid() WHERE instance_id = 'i-2'",
         ("instance/i-2 of snapshot 1", "a volatile column was altered")),
        (f"DELETE FROM {ROWS} WHERE instance_id = 'i-2'",
         ("snapshot 4", f"rows of {INSTANCES} in aws/111111111111/eu-west-1")),
        (f"DELETE FROM {ROWS} WHERE instance_id = 'i-3' AND valid_from = 1",
         ("snapshot 1", f"rows of {INSTANCES} in aws/111111111111/eu-west-1")),
        (f"DELETE FROM {ROWS} WHERE instance_id = 'i-3' AND valid_from = 1; "
         "DELETE FROM store.table_change",
         ("snapshot 1", f"rows of {INSTANCES} in aws/111111111111/eu-west-1")),
        (f"INSERT INTO {ROWS} SELECT * REPLACE (2 AS valid_from, 3 AS valid_to, "
         f"'x' AS resource_id) FROM {ROWS} WHERE instance_id = 'i-2'",
         ("x of snapshot 2", "snapshot 2: rows of")),
        (f"UPDATE {ROWS} SET valid_to = 4 WHERE instance_id = 'i-3' AND valid_from = 1",
         ("snapshot 3", "were added, dropped or altered")),
        (f"UPDATE {ROWS} SET valid_to = 4 WHERE instance_id = 'i-2'",
         ("snapshot 4", "were added, dropped or altered")),
        (f"UPDATE {ROWS} SET valid_from = 2 WHERE instance_id = 'i-2'",
         ("snapshot 1", "were added, dropped or altered")),
        (f"UPDATE {ROWS} SET region = 'us-east-1' WHERE instance_id = 'i-2'",
         ("instance/i-2", "its content was altered", "snapshot 4")),
        ("UPDATE store.coverage SET status = 'denied' WHERE snapshot = 2",
         ("snapshot 2: its header or coverage was altered",)),
        ("UPDATE store.coverage SET detail = 'x' WHERE snapshot = 2",
         ("snapshot 2: its header or coverage was altered",)),
        ("UPDATE store.coverage SET digest = sha256('x') WHERE snapshot = 2",
         ("snapshot 2: its header or coverage", "snapshot 2: its digest is not")),
        ("DELETE FROM store.coverage WHERE snapshot = 2",
         ("snapshot 2: its header or coverage was altered",)),
        ("UPDATE store.snapshot SET sealed_at = sealed_at - INTERVAL 1 DAY WHERE id = 2",
         ("snapshot 2: its header or coverage was altered",)),
        ("UPDATE store.snapshot SET tool_version = 'x' WHERE id = 4",
         ("snapshot 4: its header or coverage was altered",)),
        ("UPDATE store.snapshot SET approval_head = NULL WHERE id = 2",
         ("snapshot 2: its header or coverage was altered",)),
        ("UPDATE store.snapshot SET seal = sha256('x') WHERE id = 2",
         ("snapshot 2: its header", "snapshot 3: does not continue")),
        ("DELETE FROM store.snapshot WHERE id = 2",
         ("snapshot 2: is missing", "snapshot 3: does not continue")),
        ("DELETE FROM store.snapshot WHERE id = 1",
         ("snapshot 1: ", "snapshot 2: does not continue")),
        ("DELETE FROM store.snapshot WHERE id = 4", ("snapshot 4: its header is missing",)),
        ("UPDATE store.table_change SET digest = sha256('x') WHERE snapshot = 2",
         (f"snapshot 2: the rows that it added to {INSTANCES} were altered",)),
    ],
)  # fmt: skip
def test_store_verify_names_what_and_where(lab: Lab, sql: str, named: tuple[str, ...]) -> None:
    lab.tamper(sql)
    found = problems(lab)
    for text in named:
        assert text in found, found


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (f"DELETE FROM {ROWS} WHERE instance_id = 'i-2'", "were altered after the approval"),
        (f"UPDATE {ROWS} SET row_hash = uuid() WHERE instance_id = 'i-2'", "were altered after"),
        ("UPDATE store.baseline_scope SET digest = sha256('x')", "approved content was altered"),
        ("UPDATE store.baseline_scope SET snapshot = 2", "were altered after the approval"),
        ("UPDATE store.baseline_scope SET region = 'us-east-1'", "approved content was altered"),
        ("DELETE FROM store.baseline_scope", "approved content was altered"),
        ("UPDATE store.baseline_override SET row_hash = uuid()", "approved content was altered"),
        ("UPDATE store.baseline_override SET row_hash = NULL", "approved content was altered"),
        ("DELETE FROM store.baseline_override", "approved content was altered"),
        ("INSERT INTO store.baseline_acceptance SELECT name, version, 't', 'aws', 'a', 'r', "
         "'f', 'c' FROM store.baseline_version", "approved content was altered"),
        ("UPDATE store.baseline_version SET digest = sha256('x')", "digest in the store"),
        ("UPDATE store.baseline_version SET approved_by = 'eve'", "approved_by in the store"),
        ("UPDATE store.baseline_version SET reason = 'x'", "reason in the store"),
        ("UPDATE store.baseline_version SET ticket = 'CHG-9'", "ticket in the store"),
        ("UPDATE store.baseline_version SET approved_at = '2020-01-01'", "approved_at in the"),
        ("UPDATE store.baseline_version SET review_due = '2099-01-01'", "review_due in the"),
        ("UPDATE store.baseline_version SET snapshot = 9", "snapshot in the store"),
        ("DELETE FROM store.baseline_version WHERE version = 2", "approved but not in the store"),
        ("DELETE FROM store.baseline_version", "approved but not in the store"),
    ],
)  # fmt: skip
def test_an_altered_baseline_is_refused(lab: Lab, sql: str, message: str) -> None:
    lab.tamper(sql)
    assert message in refusal(lab).diagnostics()
    assert message.split(" in the", maxsplit=1)[0] in problems(lab)


def log_of(lab: Lab) -> tuple[Path, list[bytes]]:
    path = lab.config.baseline.approvals
    return path, path.read_bytes().splitlines(keepends=True)


def test_the_log_as_it_is(lab: Lab) -> None:
    _, lines = log_of(lab)
    assert [orjson.loads(line)["reason"] for line in lines] == ["first", "second"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"first"', b'"other"', "does not continue the line before it"),
        (b'"approved_by":"ada"', b'"approved_by": "ada"', "not in canonical form"),
        (b'"seq":1', b'"seq":3', "says it is line 3"),
        (b'{"accepts"', b'"accepts"', "not JSON"),
    ],
)
def test_an_altered_line_of_the_log_is_named(
    lab: Lab, old: bytes, new: bytes, message: str
) -> None:
    path, lines = log_of(lab)
    path.write_bytes(lines[0].replace(old, new) + lines[1])
    error = refusal(lab)
    assert message in error.message
    assert str(error.where).startswith(f"{path}:")
    assert str(path) in problems(lab)


def test_an_altered_last_line_is_found_by_the_store(lab: Lab) -> None:
    path, lines = log_of(lab)
    path.write_bytes(lines[0] + lines[1].replace(b'"ticket":null', b'"ticket":"CHG-1"'))
    assert "ticket in the store is not what was approved" in refusal(lab).message


def test_a_line_taken_out_or_cut_off(lab: Lab) -> None:
    path, lines = log_of(lab)
    path.write_bytes(lines[1])
    assert "says it is line 2" in refusal(lab).message
    path.write_bytes(lines[0] + lines[1][:-1])
    assert "the last line has no end" in refusal(lab).message


def test_a_tail_that_a_snapshot_has_seen_cannot_be_cut(lab: Lab) -> None:
    lab.seal(rows(2, 1, 9))
    path, lines = log_of(lab)
    path.write_bytes(lines[0])
    assert "lost lines that snapshot 5 has seen" in refusal(lab).message
    path.unlink()
    assert "lost lines that snapshot 5 has seen" in refusal(lab).message


def test_a_tail_that_no_snapshot_has_seen_falls_back_to_what_was_approved_before(lab: Lab) -> None:
    """The version that the cut line approved counts as never approved: stricter, not looser."""
    path, lines = log_of(lab)
    path.write_bytes(lines[0])
    with reading(lab.config.store) as con:
        baseline = approved_baseline(con, lab.config.baseline)
    assert baseline is not None and baseline.version == 1


def test_a_log_that_is_gone_before_any_snapshot_has_seen_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES])
    lab.seal(rows(1))
    lab.approve()
    lab.config.baseline.approvals.unlink()
    error = refusal(lab)
    assert "the approval log is missing" in error.message
    assert error.where == str(lab.config.baseline.approvals)


def test_an_approval_on_top_of_a_refused_baseline_is_refused(lab: Lab) -> None:
    lab.tamper("UPDATE store.baseline_version SET reason = 'x'")
    with pytest.raises(IntegrityError):
        lab.approve()
    assert len(log_of(lab)[1]) == 2
