"""Waivers from snapshot to snapshot, by a clock that the test moves on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.baseline import waivers
from auditor.baseline.record import Decision
from auditor.baseline.waivers import Waiver
from auditor.cli.main import app
from auditor.errors import BaselineError, IntegrityError
from auditor.inquiry import verify_everything
from auditor.model import AuditRun, Finding, FindingStatus, Outcome, Status
from auditor.pipeline import past_run
from auditor.report.json import as_document
from tests.harness import HOME, LEAST, Lab, Rows
from tests.signing import Office, needs_ssh_keygen

INSTANCES = "aws_ec2_instances"


def hops(count: int, **columns: object) -> Rows:
    return {INSTANCES: [{"id": "i-1", "metadata_hop_limit": count, **columns}]}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab with an approved hop limit of 1 in its first snapshot."""
    lab = Lab(tmp_path, tables=[INSTANCES], known=LEAST)
    lab.seal(hops(1))
    lab.approve()
    return lab


def one(run: AuditRun) -> Finding:
    (finding,) = run.findings
    return finding


def decision(lab: Lab, **parts: Any) -> Decision:
    given = {"approved_by": "ada", "prepared_by": "bob", "reason": "mended next week"}
    return Decision(**{**given, "at": lab.clock(), **parts})


def waive(lab: Lab, finding: Finding, *, days: float = 10, **parts: Any) -> Waiver:
    who = decision(lab, **parts)
    return waivers.waive(
        lab.config.baseline, who, finding, owner="web team", expires_at=who.at + timedelta(days)
    )


def held(lab: Lab) -> list[Waiver]:
    return waivers.waivers(lab.config.baseline, at=lab.clock())


def later(lab: Lab, days: float) -> None:
    lab.clock.moment += timedelta(days)


def test_a_waived_finding_does_not_count_and_fires_again_at_expiry(lab: Lab) -> None:
    found = one(lab.audit(hops(2)))
    waiver = waive(lab, found)
    again = lab.compare()
    assert (one(again).status, again.outcome) == (FindingStatus.WAIVED, Outcome.CLEAN)
    run = lab.audit(hops(2))
    finding = one(run)
    assert (finding.status, run.outcome, run.exit_code) == ("waived", Outcome.CLEAN, 0)
    assert finding.waiver == {
        "line": 2,
        "owner": "web team",
        "reason": "mended next week",
        "ticket": None,
        "expires_at": waiver.content["expires_at"],
        "approved_by": "ada",
        "approved_at": waiver.content["approved_at"],
        "signed_by": [],
    }
    assert past_run(lab.config).findings == run.findings
    assert as_document(run)["summary"]["by_status"]["waived"] == 1
    assert not any("findings show" in step for step in run.next_steps)
    later(lab, 10)
    run = lab.audit(hops(2))
    assert (one(run).status, run.outcome) == (FindingStatus.REOPENED, Outcome.DRIFT)
    assert one(run).waiver is None and held(lab) == []
    assert one(lab.audit(hops(2))).status is FindingStatus.OPEN


def test_a_wider_change_fires_at_once_and_unrelated_churn_does_not(lab: Lab) -> None:
    waive(lab, one(lab.audit(hops(2))))
    churn = lab.audit(hops(2, name="renamed", private_ip="10.0.0.9", public_ip="203.0.113.1"))
    assert one(churn).status is FindingStatus.WAIVED
    wider = lab.audit(hops(3))
    assert (one(wider).status, one(wider).waiver) == (FindingStatus.REOPENED, None)
    assert wider.outcome is Outcome.DRIFT
    assert one(lab.audit(hops(2))).status is FindingStatus.WAIVED
    assert one(lab.audit(hops(1))).status is FindingStatus.RESOLVED
    assert one(lab.audit(hops(2))).status is FindingStatus.WAIVED


def test_a_waiver_of_what_is_not_read_ends_all_the_same(lab: Lab) -> None:
    found = one(lab.audit(hops(2)))
    waive(lab, found)
    unread = {(INSTANCES, HOME): Status.DENIED}
    run = lab.audit(coverage=unread)
    assert [f.status for f in run.findings if f.fingerprint == found.fingerprint] == ["waived"]
    later(lab, 10)
    run = lab.audit(coverage=unread)
    assert [f.status for f in run.findings if f.fingerprint == found.fingerprint] == ["reopened"]
    assert run.outcome is Outcome.DRIFT


def test_renewed_and_revoked(lab: Lab) -> None:
    waiver = waive(lab, one(lab.audit(hops(2))))
    later(lab, 9)
    who = decision(lab, reason="the mend slipped", approved_by="eve")
    waivers.renew(lab.config.baseline, who, waiver, expires_at=who.at + timedelta(20))
    later(lab, 15)
    finding = one(lab.audit(hops(2)))
    assert finding.status is FindingStatus.WAIVED
    assert finding.waiver["reason"] == "the mend slipped" and finding.waiver["owner"] == "web team"
    (renewed,) = held(lab)
    waivers.revoke(lab.config.baseline, decision(lab, reason="mended"), renewed)
    run = lab.compare()
    assert one(run).status is FindingStatus.OPEN and run.outcome is Outcome.DRIFT
    assert held(lab) == []


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"days": 91}, "may hold for 90 days"),
        ({"days": 0}, "must end in the future"),
        ({"approved_by": "bob"}, "bob prepared this"),
    ],
)
def test_what_is_refused(lab: Lab, parts: dict[str, Any], match: str) -> None:
    baseline = lab.config.baseline.model_copy(update={"four_eyes": True})
    lab.config = lab.config.model_copy(update={"baseline": baseline})
    found = one(lab.audit(hops(2)))
    with pytest.raises(BaselineError, match=match):
        waive(lab, found, **parts)
    with pytest.raises(BaselineError, match="needs an owner"):
        waivers.waive(
            baseline, decision(lab), found, owner="", expires_at=lab.clock() + timedelta(1)
        )
    assert held(lab) == []


@pytest.mark.parametrize("key", ["owner", "reason", "expires_at", "content_hash", "resource_id"])
def test_an_altered_waiver_is_refused(lab: Lab, key: str) -> None:
    waiver = waive(lab, one(lab.audit(hops(2))))
    lab.seal(hops(2))
    log = lab.config.baseline.approvals
    old = str(waiver.content[key])
    new = old.replace("2026", "2027") if key == "expires_at" else old[::-1]
    log.write_text(log.read_text().replace(f'"{key}":"{old}"', f'"{key}":"{new}"'))
    run = lab.compare()
    assert (run.outcome, run.exit_code, run.findings) == (Outcome.INTEGRITY, 5, ())
    assert "the approval log lost lines that snapshot 3 has seen" in run.problems[0]


@needs_ssh_keygen
def test_an_altered_signed_waiver_is_refused_at_once(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES], known=LEAST)
    lab.seal(hops(1))
    office = Office(lab)
    office.approve("alice")
    found = one(lab.audit(hops(2)))
    office.set(signing_key=office.key("bob"))
    waive(lab, found, approved_by="bob@example.com")
    assert one(lab.compare()).waiver["signed_by"] == ["bob@example.com"]
    log = lab.config.baseline.approvals
    log.write_text(log.read_text().replace('"owner":"web team"', '"owner":"web"'))
    run = lab.compare()
    assert run.exit_code == 5
    assert "line 2 of the approval log: it is no signature of these bytes" in run.problems[0]
    assert any("line 2 of the approval log" in p for p in verify_everything(lab.config).problems)
    office.signatures(2)[0].unlink()
    with pytest.raises(IntegrityError, match="is not signed"):
        held(lab)


@needs_ssh_keygen
def test_a_waiver_waits_for_the_signatures_that_it_needs(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES], known=LEAST)
    lab.seal(hops(1))
    office = Office(lab)
    office.approve("alice")
    office.set(policy=[{"minimum": 2}])
    office.sign("bob")
    found = one(lab.audit(hops(2)))
    office.set(signing_key=office.key("bob"))
    waiver = waive(lab, found, approved_by="bob@example.com")
    assert waiver.waiting == f"account {HOME.account_id} needs 2 of *; 1 signed"
    run = lab.compare()
    assert run.outcome is Outcome.DRIFT and waiver.waiting in run.problems[0]
    office.sign("alice")
    assert one(lab.compare()).status is FindingStatus.WAIVED


def test_the_commands(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.clock.moment = datetime.now(UTC)
    fingerprint = one(lab.audit(hops(2))).fingerprint
    folder = lab.config.store.path.parent
    (folder / "audit.toml").write_text("[run]\nqueries = []\n")
    why = ("--reason", "mended next week")

    def audit(*words: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            app([*words, "--config", str(folder / "audit.toml")])
        assert (ended.value.code or 0) == code
        return capsys.readouterr().out

    said = audit("waive", fingerprint[:8], *why, "--owner", "web", "--expires", "30d", "--by", "al")
    assert said.startswith(f"Waived: finding {fingerprint[:8]} until ")
    (found,) = json.loads(audit("waivers", "list", "--json"))
    assert (found["owner"], found["approved_by"], found["action"]) == ("web", "al", "waive")
    assert "unsigned" in audit("waivers", "list")
    assert "Renewed" in audit("waivers", "renew", fingerprint[:8], *why, "--expires", "60d")
    assert "Revoked" in audit("waivers", "revoke", fingerprint[:8], *why)
    assert "No waivers." in audit("waivers", "list")


def test_a_store_from_before_waivers_and_signatures(lab: Lab) -> None:
    before = lab.audit(hops(2))
    lab.tamper(
        "ALTER TABLE store.finding_event DROP COLUMN waiver; "
        "ALTER TABLE store.run DROP COLUMN signed_by; "
        "ALTER TABLE store.run DROP COLUMN tool_version; "
        "ALTER TABLE store.run DROP COLUMN rules; ALTER TABLE store.run DROP COLUMN digest; "
        "DELETE FROM store.migration WHERE version > 2"
    )
    assert past_run(lab.config).findings == before.findings
    assert lab.compare().findings == before.findings
    waive(lab, one(before))
    assert one(lab.compare()).status is FindingStatus.WAIVED
