"""Signatures of approvals: whose count, when, for which accounts; checked by `ssh-keygen` too."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from auditor.baseline import sshsig
from auditor.baseline.standing import Standing, standing
from auditor.cli.main import app
from auditor.config import load_config
from auditor.errors import BaselineError, ConfigError, IntegrityError, MissingProgramError
from auditor.model import Outcome
from auditor.store.database import reading
from tests.harness import HOME, Lab, Rows
from tests.signing import Office, make_key, needs_ssh_keygen, public

pytestmark = needs_ssh_keygen

INSTANCES = "aws_ec2_instances"
OTHER = "222222222222"
ALICE, BOB = "alice@example.com", "bob@example.com"


def rows(*hops: int) -> Rows:
    """An instance for each hop limit; the first in the account of `HOME`, the second in another."""
    accounts = (HOME.account_id, OTHER)
    return {
        INSTANCES: [
            {"id": "i-1", "account_id": account, "metadata_hop_limit": count}
            for account, count in zip(accounts, hops, strict=False)
        ]
    }


@pytest.fixture
def office(tmp_path: Path) -> Office:
    lab = Lab(tmp_path, tables=[INSTANCES])
    lab.seal(rows(1, 1))
    return Office(lab)


def standing_of(office: Office) -> Standing:
    with reading(office.lab.config.store) as con:
        return standing(con, office.lab.config.baseline)


def in_force(office: Office) -> int:
    baseline = standing_of(office).baseline
    return baseline.version if baseline else 0


def refused(office: Office) -> str:
    with pytest.raises(IntegrityError) as caught:
        standing_of(office)
    assert caught.value.exit_code == 5
    return caught.value.diagnostics()


def test_an_approval_is_signed_and_standard_tools_agree(office: Office) -> None:
    approved = office.approve("alice")
    assert (approved.baseline.approved_by, approved.waiting) == (ALICE, ())
    run = office.lab.compare()
    assert run.outcome is Outcome.CLEAN and run.baseline is not None
    assert run.baseline.signed_by == (ALICE,)
    assert run.baseline.signed_text == f"signed by {ALICE}"
    (signature,) = office.signatures()
    assert signature.name == f"000001.{ALICE}.sig"
    assert signature.stat().st_mode & 0o777 == 0o600
    log = office.lab.config.baseline.approvals
    command = (
        f"sed -n 1p {log} | ssh-keygen -Y verify -f {office.allowed} -I {ALICE} "
        f"-n {sshsig.NAMESPACE} -s {signature}"
    )
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Good" in done.stdout


def test_without_allowed_signers_nothing_changes(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES])
    lab.seal(rows(1))
    lab.approve()
    run = lab.compare()
    assert run.outcome is Outcome.CLEAN
    assert run.baseline is not None and run.baseline.signed_text == "unsigned"
    assert not (tmp_path / "approvals.d").exists()


def test_what_was_approved_unsigned_is_refused_until_somebody_signs(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES])
    lab.seal(rows(1))
    lab.approve()
    lab.approve()
    office = Office(lab)
    run = lab.compare()
    assert (run.outcome, run.exit_code, run.baseline) == (Outcome.INTEGRITY, 5, None)
    (problem,) = run.problems
    assert "approvals.jsonl:2: the line of the approval log is not signed" in problem
    office.allow(alice="", ada="")
    office.sign("alice")
    assert "approved by ada, who did not sign it" in refused(office)


def test_an_unsigned_log_is_taken_over_by_signing_its_newest_line(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES])
    lab.seal(rows(1))
    lab.approve()
    lab.approve()
    office = Office(lab)
    office.allowed.write_text(f"ada {public(office.key('ada'))}\n")
    office.sign("ada")
    assert in_force(office) == 2


@pytest.mark.parametrize(
    ("people", "named"),
    [
        ({"bob": ""}, "does not list its key"),
        ({"alice": 'valid-before="20251231"'}, "does not allow its key at 2026-01-01 00:0"),
        ({"alice": 'valid-after="20260201"'}, "does not allow its key at 2026-01-01 00:0"),
        ({"alice": 'namespaces="git"'}, f"does not allow its key for {sshsig.NAMESPACE}"),
    ],
)
def test_who_may_not_sign(office: Office, people: dict[str, str], named: str) -> None:
    office.allow(**people)
    with pytest.raises(BaselineError, match=re.escape(named)) as caught:
        office.approve("alice", by=ALICE)
    assert caught.value.exit_code == 2
    assert office.lines() == [] and office.signatures() == []
    office.allow(alice="")
    office.approve("alice")
    office.allow(**people)
    problem = refused(office)
    assert named in problem and f"000001.{ALICE}.sig" in problem


def test_a_key_that_expires_counts_for_what_it_signed_before(office: Office) -> None:
    office.approve("alice")
    office.allow(alice='valid-before="20260101001000"', bob="")
    office.lab.clock.moment = office.lab.clock.moment.replace(day=2)
    office.lab.seal(rows(1, 1))
    assert in_force(office) == len(office.lines())
    with pytest.raises(BaselineError, match="does not allow its key at 2026-01-02"):
        office.approve("alice")
    office.approve("bob")
    assert in_force(office) == len(office.lines())


def test_a_revoked_key_counts_at_no_time_until_another_person_signs(office: Office) -> None:
    office.approve("alice")
    revoked = office.folder / "revoked"
    revoked.write_text(f"{public(office.key('bob'))}\n")
    office.set(revoked_keys=revoked)
    assert in_force(office) == len(office.lines())
    revoked.write_text(f"{public(office.key('alice'))}\n")
    assert f"its key is revoked in {revoked}" in refused(office)
    subprocess.run(
        ["ssh-keygen", "-k", "-f", revoked, office.key("alice").with_suffix(".pub")],
        check=True,
        capture_output=True,
    )
    assert f"its key is revoked in {revoked}" in refused(office)
    with pytest.raises(BaselineError, match="revoked"):
        office.sign("alice")
    revoked.unlink()
    with pytest.raises(BaselineError, match="cannot be read"):
        in_force(office)


def test_the_name_must_be_the_keys(office: Office) -> None:
    with pytest.raises(BaselineError, match=f"it is the key of {ALICE}"):
        office.approve("alice", by=BOB)
    with pytest.raises(BaselineError, match="does not list its key"):
        office.approve("mallory", by=ALICE)
    assert office.lines() == []


def test_a_pattern_in_allowed_signers_lets_its_people_name_themselves(office: Office) -> None:
    office.allowed.write_text(f"*@example.com {public(office.key('alice'))}\n")
    office.approve("alice", by="zoe@example.com")
    assert in_force(office) == len(office.lines())
    office.lab.seal(rows(1, 1))
    with pytest.raises(BaselineError):
        office.approve("alice", by="zoe@example.org")


def test_two_people_have_to_sign(office: Office) -> None:
    office.set(policy=[{"minimum": 2}])
    waiting = office.approve("alice").waiting
    assert waiting == (f"default v1: account {HOME.account_id} needs 2 of *; 1 signed",)
    run = office.lab.compare()
    assert run.outcome is Outcome.UNAPPROVED and run.baseline is None
    assert run.problems == (f"approved, not in force: {waiting[0]}",)
    with pytest.raises(BaselineError, match="has signed this line already"):
        office.sign("alice")
    office.sign("bob")
    baseline = standing_of(office).baseline
    assert baseline is not None and baseline.signed_by == (ALICE, BOB)


def test_until_the_second_signature_the_version_before_is_in_force(office: Office) -> None:
    office.approve("alice")
    office.set(policy=[{"minimum": 2}])
    office.sign("bob")
    office.lab.seal(rows(2, 1))
    office.approve("alice")
    run = office.lab.compare()
    assert run.outcome is Outcome.DRIFT
    assert run.baseline is not None and run.baseline.version == 1
    office.sign("bob")
    assert in_force(office) == len(office.lines())


def test_one_key_under_two_names_is_one_signature(office: Office) -> None:
    office.set(policy=[{"minimum": 2}])
    office.approve("alice")
    (signature,) = office.signatures()
    signature.with_name(f"000001.{BOB}.sig").write_bytes(signature.read_bytes())
    assert in_force(office) == 0


def test_accounts_have_their_own_approvers(office: Office) -> None:
    policy = [
        {"accounts": [HOME.account_id], "approvers": [ALICE]},
        {"accounts": [OTHER], "approvers": [BOB]},
    ]
    office.approve("alice")
    office.set(policy=policy)
    office.sign("bob")
    run = office.lab.audit(rows(2, 2))
    mine = [f for f in run.active if f.scope.account_id == OTHER]
    with pytest.raises(BaselineError, match=f"{ALICE} may not approve changes of {OTHER}"):
        office.approve("alice", mine)
    assert office.approve("bob", mine).waiting == ()
    run = office.lab.compare()
    assert [f.scope.account_id for f in run.active] == [HOME.account_id]
    assert run.baseline is not None and run.baseline.version == 2


def test_what_bob_signs_for_another_account_is_not_in_force(office: Office) -> None:
    """Bob has written the line by hand, so that nothing refused it."""
    office.approve("alice")
    office.lab.seal(rows(2, 1))
    office.approve("bob")
    policy = [{"accounts": [HOME.account_id], "approvers": [ALICE]}]
    office.set(policy=policy)
    assert in_force(office) == 1
    why = f"default v2: account {HOME.account_id} needs 1 of {ALICE}; 0 signed"
    assert standing_of(office).waiting == (why,)


def test_four_eyes_hold_for_every_signer(office: Office) -> None:
    office.set(four_eyes=True)
    with pytest.raises(BaselineError, match=f"{ALICE} prepared this and may not approve it"):
        office.approve("alice", prepared_by=ALICE)
    office.approve("alice", prepared_by=BOB)
    with pytest.raises(BaselineError, match=f"{BOB} prepared this and may not approve it"):
        office.sign("bob")


def test_without_a_key_nothing_is_approved(office: Office) -> None:
    office.set(signing_key=None)
    with pytest.raises(BaselineError, match="there is no signing key"):
        office.lab.approve()
    office.set(signing_key=office.folder / "nobody")
    with pytest.raises(BaselineError, match="ssh-keygen could not sign"):
        office.lab.approve()
    assert office.lines() == []


def test_without_ssh_keygen_nothing_is_compared(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.approve("alice")
    monkeypatch.setenv("PATH", str(office.folder))
    with pytest.raises(MissingProgramError, match="ssh-keygen is not installed") as caught:
        in_force(office)
    assert caught.value.exit_code == 2


def test_the_agent_signs_for_a_public_key(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make_key(office.folder, "alice")
    socket = office.folder / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert agent.poll() is None
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["ssh-add", "-q", key], check=True)
        key.rename(office.folder / "away")
        office.set(signing_key=key.with_name("alice.pub"))
        office.key = lambda _: key.with_name("alice.pub")  # type: ignore[method-assign]
        office.approve("alice")
    finally:
        agent.terminate()
        agent.wait()
    assert in_force(office) == len(office.lines())


@pytest.mark.parametrize("place", range(12))
def test_an_altered_signature_is_found(office: Office, place: int) -> None:
    office.approve("alice")
    (path,) = office.signatures()
    content = bytearray(path.read_bytes())
    at = (place * len(content) // 12) + 3
    content[at] = ord("A") if content[at] != ord("A") else ord("B")
    path.write_bytes(content)
    assert "was altered" in refused(office)


def test_a_signature_without_its_line(office: Office) -> None:
    office.approve("alice")
    office.approve("bob")
    log = office.lab.config.baseline.approvals
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    problem = refused(office)
    assert f"000002.{BOB}.sig: a signature without its line" in problem


def test_a_signature_of_another_line_does_not_count(office: Office) -> None:
    office.approve("alice")
    office.approve("alice")
    first, second = office.signatures(1)[0], office.signatures(2)[0]
    second.write_bytes(first.read_bytes())
    assert "it is no signature of these bytes" in refused(office)


def test_a_policy_needs_signatures(tmp_path: Path) -> None:
    path = tmp_path / "audit.toml"
    path.write_text("[[baseline.policy]]\nminimum = 2\n")
    with pytest.raises(ConfigError, match="policy needs"):
        load_config(path)
    path.write_text('[baseline]\nallowed_signers = "a"\nsigning_key = "k"\n')
    assert load_config(path).baseline.signing_key == tmp_path / "k"


def test_the_commands(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.lab.compare()
    folder = office.folder
    (folder / "audit.toml").write_text(
        '[baseline]\nallowed_signers = "allowed_signers"\nsigning_key = "alice"\n'
        "[[baseline.policy]]\nminimum = 2\n"
    )
    config = ("--config", str(folder / "audit.toml"))

    def audit(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            app([*words, *config])
        assert not ended.value.code
        return capsys.readouterr().out

    said = audit("baseline", "approve", "--reason", "first", "--yes", "--prepared-by", "carol")
    assert f"baseline default v1 by {ALICE}" in said and "Not in force yet" in said
    said = audit("baseline", "sign", "--yes", "--key", str(folder / "bob"))
    assert f"In force: baseline default v1, signed by {ALICE}, {BOB}." in said
    found = json.loads(audit("baseline", "show", "--json"))
    assert (found["signed_by"], found["waiting"]) == ([ALICE, BOB], [])
    assert "signed_by" in audit("baseline", "show")
