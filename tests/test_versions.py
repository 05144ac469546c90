"""Versions over time: what differs, returning to an older one, what is due."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor import inquiry
from auditor.baseline import waivers
from auditor.baseline.approve import Approval, Approved, roll_back
from auditor.baseline.compare import Comparison
from auditor.baseline.log import read_log
from auditor.baseline.record import Decision
from auditor.cli.main import app
from auditor.errors import BaselineError, IntegrityError, UsageError
from auditor.model import Outcome
from auditor.store.database import writing
from tests.harness import HOME, LEAST, Lab, Rows
from tests.signing import Office, needs_ssh_keygen

INSTANCES = "aws_ec2_instances"


def rows(**hops: int) -> Rows:
    return {INSTANCES: [{"id": f"i-{n}", "metadata_hop_limit": h} for n, h in hops.items()]}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab with two versions: i-b changed, i-c went, i-d came."""
    lab = Lab(tmp_path, tables=[INSTANCES], known=LEAST)
    lab.seal(rows(a=1, b=1, c=1))
    lab.approve()
    lab.seal(rows(a=1, b=2, d=1))
    lab.approve()
    return lab


def differences(lab: Lab, old: int, new: int) -> Comparison:
    return inquiry.compare_versions(lab.config, old, new)[0]


def back(lab: Lab, version: int, **parts: str) -> Approved:
    at = lab.clock()
    who = {"approved_by": "ada", "prepared_by": "bob", "reason": "v2 was a mistake", **parts}
    with writing(lab.config.store, now=at) as con:
        return roll_back(con, lab.config.baseline, Approval(**who, at=at), version)


def told(found: Comparison) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(str(d.resource_id)[-3:], d.change, d.columns) for d in found.resources]


def test_what_two_versions_approve_differently(lab: Lab) -> None:
    found = differences(lab, 1, 2)
    hop = ("metadata_hop_limit",)
    assert told(found) == [
        ("i-b", "changed", hop), ("i-c", "removed", ()), ("i-d", "added", ())
    ]  # fmt: skip
    assert (found.scopes, found.accepted, found.withdrawn) == ((), (), ())
    assert told(differences(lab, 2, 1)) == [
        ("i-b", "changed", hop), ("i-c", "added", ()), ("i-d", "removed", ())
    ]  # fmt: skip
    assert told(differences(lab, 2, 2)) == []
    with pytest.raises(UsageError, match="no version 3 of baseline default"):
        differences(lab, 2, 3)


def test_single_acceptances_differ_too(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES])
    lab.seal(rows(a=1, b=2, d=1))
    lab.approve()
    run = lab.audit(rows(a=3, b=2, e=1))
    lab.approve(run.active)
    found = differences(lab, 1, 2)
    assert told(found) == [("i-d", "removed", ()), ("i-e", "added", ())]
    assert [a.fingerprint for a in found.accepted] == [
        f.fingerprint for f in run.active if f.query_id == "setting_changed"
    ]
    assert differences(lab, 2, 1).withdrawn == found.accepted


def test_a_scope_that_is_covered_now(lab: Lab) -> None:
    there = {"id": "i-x", "region": "us-east-1"}
    lab.seal({INSTANCES: [*rows(a=1, b=2, d=1)[INSTANCES], there]})
    lab.approve()
    found = differences(lab, 2, 3)
    assert [(d.scope.region, d.change) for d in found.scopes] == [("us-east-1", "covered")]
    assert told(found) == [("i-x", "added", ())]


def test_back_to_an_older_version(lab: Lab) -> None:
    approved = back(lab, 1)
    assert approved.baseline.version == 3
    assert told(differences(lab, 1, 3)) == []
    line = read_log(lab.config.baseline.approvals)[-1].content
    assert (line["action"], line["restores"], line["reason"]) == ("rollback", 1, "v2 was a mistake")
    run = lab.audit(rows(a=1, b=1, c=1))
    assert run.outcome is Outcome.CLEAN
    assert run.baseline is not None and run.baseline.version == 3
    lab.seal(rows(a=1, b=1, c=1))
    assert lab.approve().baseline.version == 4


def test_what_cannot_be_returned_to(lab: Lab) -> None:
    with pytest.raises(BaselineError, match="v2 is in force and approves the same"):
        back(lab, 2)
    with pytest.raises(UsageError, match="no version 7"):
        back(lab, 7)
    with pytest.raises(BaselineError, match="needs a reason"):
        back(lab, 1, reason="")
    lab.tamper(f"UPDATE store.inventory.{INSTANCES} SET row_hash = uuid() WHERE valid_to = 2")
    with pytest.raises(IntegrityError, match="baseline default v1: rows of"):
        back(lab, 1)


@needs_ssh_keygen
def test_a_return_is_signed(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES], known=LEAST)
    office = Office(lab)
    for count in (1, 2):
        lab.seal(rows(a=count))
        office.approve("alice")
    office.set(signing_key=office.key("bob"))
    approved = back(lab, 1, approved_by="bob@example.com")
    assert approved.baseline.signed_by == ("bob@example.com",)
    with pytest.raises(BaselineError, match="is the key of bob"):
        back(lab, 2, approved_by="alice@example.com")


def test_what_is_due(lab: Lab) -> None:
    run = lab.audit(rows(a=9, b=2, d=1))
    at = lab.clock()
    who = Decision("ada", "bob", "later", at)
    waivers.waive(
        lab.config.baseline, who, run.active[0], owner="web", expires_at=at + timedelta(10)
    )
    assert inquiry.due(lab.config, timedelta(9), at=at) == []
    (item,) = inquiry.due(lab.config, timedelta(10), at=at)
    assert (item["what"], item["owner"], item["due"]) == ("waiver", "web", at + timedelta(10))
    with writing(lab.config.store, now=at) as con:
        who_else = Approval("ada", "bob", "again", at, review_due=at + timedelta(5))
        roll_back(con, lab.config.baseline, who_else, 1)
    assert [i["what"] for i in inquiry.due(lab.config, timedelta(5), at=at)] == ["baseline"]
    assert next(iter(inquiry.due(lab.config, timedelta(30), at=at)))["name"] == "default v3"


def test_the_commands(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    folder = lab.config.store.path.parent
    (folder / "audit.toml").write_text("[run]\nqueries = []\n")

    def audit(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            app(["baseline", *words, "--config", str(folder / "audit.toml")])
        assert (ended.value.code or 0) == code
        return capsys.readouterr().out

    said = audit("diff", "v1", "2")
    assert said.startswith("Baseline default: v1 -> v2\n  changed   aws_ec2_instances arn:aws:")
    assert "instance/i-b: metadata_hop_limit" in said
    found = json.loads(audit("diff", "1", "2", "--json"))
    assert [d["change"] for d in found["resources"]] == ["changed", "removed", "added"]
    assert found["resources"][0]["scope"] == str(HOME)
    assert "both approve the same" in audit("diff", "2", "2")
    with pytest.raises(UsageError, match="is no version"):
        app(["baseline", "diff", "x", "2", "--config", str(folder / "audit.toml")])
    assert "default v3 by" in audit("rollback", "v1", "--reason", "a mistake", "--yes")
    assert "Nothing is due within 14 days." in audit("review-due")
    due = (datetime.now(UTC) + timedelta(days=5)).strftime("%Y-%m-%d")
    with writing(lab.config.store, now=lab.clock()) as con:
        at = datetime.now(UTC)
        moment = datetime.strptime(due, "%Y-%m-%d").replace(tzinfo=UTC)
        roll_back(con, lab.config.baseline, Approval("ada", "bob", "x", at, review_due=moment), 2)
    assert f"{due}T00:00:00Z  baseline default v4, ada" in audit("review-due", code=3)
