"""What runs recorded comes out again; what somebody altered does not, and is named."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from auditor import decisions
from auditor.baseline import waivers
from auditor.cli.main import app
from auditor.config import BehaviourConfig
from auditor.errors import UsageError
from auditor.inquiry import verify_everything
from auditor.model import Status
from auditor.replay import Replayed, replay
from auditor.store.database import reading, writing
from auditor.store.digests import run_digests
from tests.harness import HOME, LEAST, Lab, Rows

INSTANCES = "aws_ec2_instances"
GROUPS = "aws_ec2_security_groups"
TABLES = (INSTANCES, GROUPS)


def rows(*hops: int) -> Rows:
    return {
        INSTANCES: [{"id": f"i-{n}", "metadata_hop_limit": h} for n, h in enumerate(hops)],
        GROUPS: [{"id": "sg-1", "name": "web"}],
    }


def lab_in(folder: Path) -> Lab:
    return Lab(folder, tables=TABLES, known=(*LEAST, GROUPS))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of the baseline, a waiver, a partial reading, findings that end and return."""
    folder = tmp_path_factory.mktemp("original")
    lab = lab_in(folder)
    lab.audit(rows(1, 1, 1))
    lab.approve()
    first = lab.audit(rows(2, 1, 1))
    at = lab.clock()
    who = decisions.Approval("ada", "bob", "being mended", at)
    waivers.waive(
        lab.config.baseline, who, first.active[0], owner="web", expires_at=at + timedelta(days=1)
    )
    lab.audit(rows(2, 3, 1))
    lab.audit(rows(), coverage={(INSTANCES, HOME): Status.DENIED})
    lab.clock.moment += timedelta(days=2)
    changed = lab.audit(rows(2, 1, 1, 1))
    lab.approve([f for f in changed.active if f.resource_id.endswith("i-3")])
    lab.compare()
    lab.audit(rows(1, 3, 1))
    return folder


@pytest.fixture
def lab(original: Path, tmp_path: Path) -> Lab:
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return lab_in(tmp_path)


def fit_digests(lab: Lab) -> None:
    """Make the digests of the runs fit, as somebody who knows the format would."""
    with writing(lab.config.store, now=lab.clock.moment) as con:
        for number in sorted(run_digests(con)):
            con.execute(
                "UPDATE store.run SET digest = ? WHERE snapshot = ?",
                [run_digests(con, number)[number], number],
            )
    assert verify_everything(lab.config).problems == ()


def problems(runs: list[Replayed]) -> str:
    return "\n".join(problem for run in runs for problem in run.problems)


def audit(
    lab: Lab, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[str | int | None, str]:
    file = lab.config.store.path.with_name("audit.toml")
    file.write_text("")
    with pytest.raises(SystemExit) as ended:
        app(["store", "verify", "--config", str(file), *words])
    return ended.value.code, capsys.readouterr().out


def test_equal_and_nothing_is_written(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    before = lab.config.store.path.read_bytes()
    code, said = audit(lab, capsys, "--replay")
    assert not code
    assert said.endswith("Compared again: 6 of 6 runs, 7 findings, equal.\n")
    with reading(lab.config.store) as con:
        recorded = con.execute("SELECT DISTINCT event FROM store.finding_event").fetchall()
    assert {event for (event,) in recorded} >= {"new", "waived", "reopened", "resolved"}
    assert lab.config.store.path.read_bytes() == before


EDITS = (
    ("finding_event SET after = '9' WHERE snapshot = 2",
     ("run of snapshot 2: finding ", "i-0: after: recorded 9, comes out as 2")),
    ("finding_event SET severity = 'info' WHERE snapshot = 2",
     ("run of snapshot 2: finding ", 'i-0: severity: recorded "info", comes out as')),
    ("finding_event SET event = 'resolved' WHERE snapshot = 3 AND event = 'new'",
     ("run of snapshot 3: finding ", 'i-1: event: recorded "resolved", comes out as "new"')),
    ("finding_event SET waiver = NULL WHERE snapshot = 3",
     ("run of snapshot 3: ", "i-0: waiver: recorded nothing")),
    ("finding_event SET reason = 'fine' WHERE snapshot = 6 AND event = 'reopened'",
     ("run of snapshot 6: ", 'i-1: reason: recorded "fine"')),
    ("finding SET detail_key = 'x' WHERE first_seen = 2",
     ("run of snapshot 2: ", 'detail_key: recorded "x"')),
    ("finding SET last_seen = 5 WHERE first_seen = 3 AND last_seen = 6",
     ("run of snapshot 6: finding ", "last_seen: recorded 5, comes out as 6")),
    ("run SET outcome = 'clean' WHERE snapshot = 3",
     ('run of snapshot 3: outcome: recorded "clean", comes out as "drift"',)),
)  # fmt: skip


def test_altered_findings_are_named_though_every_digest_fits(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.tamper("; ".join(f"UPDATE store.{sql}" for sql, _ in EDITS))
    said = "\n".join(verify_everything(lab.config).problems)
    for number in (2, 3, 6):
        assert f"snapshot {number}: what its run recorded, outcome or findings" in said
    fit_digests(lab)
    code, printed = audit(lab, capsys, "--replay", "--json")
    assert code == 5
    found = "\n".join(json.loads(printed)["problems"])
    for _, named in EDITS:
        for text in named:
            assert text in found, found
    assert json.loads(printed)["replayed"][1]["problems"][0] in found


def test_an_altered_baseline_is_refused(lab: Lab) -> None:
    lab.tamper("DELETE FROM store.baseline_scope WHERE version = 1 AND table_name LIKE '%groups'")
    runs = replay(lab.config, [2, 3])
    assert "run of snapshot 2: baseline default v1: its list of approved" in problems(runs)
    assert all(run.refused for run in runs)


def test_another_version_is_no_tampering(lab: Lab) -> None:
    lab.tamper("UPDATE store.run SET tool_version = '0.0.9' WHERE snapshot = 2")
    lab.tamper("UPDATE store.run SET rules = NULL WHERE snapshot = 3")
    behaviour = BehaviourConfig(changes_per_hour=9)
    runs = replay(lab.config.model_copy(update={"behaviour": behaviour}))
    assert problems(runs) == ""
    said = [run.not_comparable for run in runs]
    assert said[1].startswith("version: 0.0.9 compared it, this is ")
    assert said[2].startswith("version: a program that did not write down")
    assert {why[:22] for why in (said[0], *said[3:])} == {"version: other queries"}
    with pytest.raises(UsageError, match="no run compared snapshot 9"):
        replay(lab.config, [9])
