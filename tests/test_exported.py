"""Baselines as files: the same bytes each time, every altered byte found, used elsewhere."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor import transfer
from auditor.baseline.reading import read_export
from auditor.cli.main import app
from auditor.config import ApprovalPolicy
from auditor.errors import BaselineError, IntegrityError, UsageError
from auditor.inquiry import verify_everything
from auditor.model import Outcome
from tests.harness import Lab, Rows
from tests.signing import Office, needs_ssh_keygen
from tests.tampering import other_letter

pytestmark = needs_ssh_keygen

INSTANCES = "aws_ec2_instances"
GROUPS = "aws_ec2_security_groups"
ALICE = "alice@example.com"


def rows(**hops: int) -> Rows:
    return {
        INSTANCES: [
            {"id": f"i-{n}", "metadata_hop_limit": h, "tags": {"team": n}} for n, h in hops.items()
        ],
        GROUPS: [{"id": "sg-1", "name": "web"}],
    }


def signed(folder: Path) -> Office:
    """A store with a signed baseline: a snapshot, then a new instance and a wider setting."""
    folder.mkdir(exist_ok=True)
    office = Office(Lab(folder, tables=[INSTANCES, GROUPS]))
    office.lab.seal(rows(a=1, b=1))
    office.approve("alice")
    office.approve("alice", office.lab.audit(rows(a=2, b=1, c=1)).active)
    return office


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    office = signed(folder)
    transfer.export_baseline(office.lab.config, output=folder / "exported")
    return folder


@pytest.fixture
def exported(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original / "exported", tmp_path / "exported")
    return tmp_path / "exported"


@pytest.fixture
def elsewhere(original: Path, tmp_path: Path) -> Lab:
    """Another machine: a store of its own, the same allowed_signers."""
    lab = Lab(tmp_path / "elsewhere", tables=[INSTANCES, GROUPS])
    (tmp_path / "elsewhere").mkdir()
    signers = {"allowed_signers": original / "allowed_signers"}
    baseline = lab.config.baseline.model_copy(update=signers)
    lab.config = lab.config.model_copy(update={"baseline": baseline})
    return lab


def test_equal_bytes_and_readable_lines(original: Path, tmp_path: Path) -> None:
    lab = Lab(original, tables=[INSTANCES, GROUPS])
    transfer.export_baseline(lab.config, output=tmp_path / "again")
    files = {p.relative_to(original / "exported") for p in (original / "exported").rglob("*.*")}
    assert {str(f) for f in files} >= {
        "manifest.json", "approvals.jsonl", "scopes.jsonl", "overrides.jsonl",
        "acceptances.jsonl", f"tables/{INSTANCES}.jsonl", "approvals.d",
        f"approvals.d/000001.{ALICE}.sig", f"approvals.d/000002.{ALICE}.sig",
    }  # fmt: skip
    for name in files:
        if (original / "exported" / name).is_file():
            again = (tmp_path / "again" / name).read_bytes()
            assert again == (original / "exported" / name).read_bytes(), name
    lines = (tmp_path / "again" / "tables" / f"{INSTANCES}.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"]["instance_id"] for line in lines] == ["i-a", "i-b"]
    assert json.loads(lines[0])["row"]["tags"] == {"team": "a"}


def test_another_machine_audits_against_it(exported: Path, elsewhere: Lab) -> None:
    elsewhere.config = transfer.against(elsewhere.config, exported, clock=elsewhere.clock)
    clean = elsewhere.audit(rows(a=2, b=1, c=1))
    assert clean.outcome is Outcome.CLEAN
    assert clean.baseline is not None
    assert (clean.baseline.version, clean.baseline.signed_by) == (2, (ALICE,))
    again = transfer.against(elsewhere.config, exported, clock=elsewhere.clock)
    assert again == elsewhere.config
    drift = elsewhere.audit(rows(a=3, b=1, c=2))
    assert sorted((f.before, f.after) for f in drift.active) == [(1, 2), (1, 3)]
    assert verify_everything(elsewhere.config).problems == ()


def test_imported_and_then_approved_further(exported: Path, elsewhere: Lab) -> None:
    stands = transfer.import_baseline(elsewhere.config, exported, clock=elsewhere.clock)
    assert stands.baseline is not None and stands.baseline.version == 2
    assert elsewhere.audit(rows(a=2, b=1, c=1)).outcome is Outcome.CLEAN
    log = elsewhere.config.baseline.approvals
    assert log.read_bytes() == (exported / "approvals.jsonl").read_bytes()
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(IntegrityError):
        transfer.import_baseline(elsewhere.config, exported, clock=elsewhere.clock)


def test_an_import_whose_signers_are_not_enough_is_not_in_force(
    exported: Path, elsewhere: Lab
) -> None:
    policy = [ApprovalPolicy(minimum=2)]
    baseline = elsewhere.config.baseline.model_copy(update={"policy": policy})
    elsewhere.config = elsewhere.config.model_copy(update={"baseline": baseline})
    stands = transfer.import_baseline(elsewhere.config, exported, clock=elsewhere.clock)
    assert stands.baseline is None
    assert stands.waiting == ("default v2: account 111111111111 needs 2 of *; 1 signed",)


def test_what_is_no_export(elsewhere: Lab, tmp_path: Path, exported: Path) -> None:
    with pytest.raises(BaselineError, match="there is no exported baseline"):
        read_export(tmp_path / "nothing", elsewhere.config.baseline)
    elsewhere.seal(rows(a=1))
    with pytest.raises(UsageError, match="no version of baseline default is in force"):
        transfer.export_baseline(elsewhere.config, output=tmp_path / "out")


def resummed(folder: Path, name: str) -> None:
    """Make the manifest fit an altered file, as somebody who knows the format would."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (folder / "manifest.json").write_text(text + "\n")


def without(line: int) -> Callable[[list[str]], list[str]]:
    return lambda lines: lines[: line - 1] + lines[line:]


@pytest.mark.parametrize(
    ("name", "change", "named"),
    [
        (f"tables/{INSTANCES}.jsonl", lambda ls: [ls[0].replace(":1", ":9"), *ls[1:]], ".jsonl:1"),
        (f"tables/{INSTANCES}.jsonl", without(2), "rows in aws/111111111111/eu-west-1"),
        ("overrides.jsonl", without(1), "the lists are not what was approved"),
        ("acceptances.jsonl", without(1), "the lists are not what was approved"),
        ("scopes.jsonl", without(1), "the lists are not what was approved"),
        ("approvals.jsonl", without(1), "approvals.jsonl:1: the approval log was altered"),
        ("approvals.jsonl", without(2), "a signature without its line"),
    ],
)
def test_an_edit_with_a_fitting_sum(
    exported: Path, elsewhere: Lab, name: str, change: Callable[[list[str]], list[str]], named: str
) -> None:
    lines = (exported / name).read_text().splitlines(keepends=True)
    (exported / name).write_text("".join(change(lines)))
    with pytest.raises(IntegrityError) as caught:
        read_export(exported, elsewhere.config.baseline)
    assert name in caught.value.diagnostics()
    assert named != ".jsonl:1" or named in caught.value.diagnostics()
    resummed(exported, name)
    with pytest.raises(IntegrityError) as caught:
        read_export(exported, elsewhere.config.baseline)
    assert named in caught.value.diagnostics()


def test_a_file_more_or_less(exported: Path, elsewhere: Lab) -> None:
    (exported / "tables" / "more.jsonl").write_text("")
    with pytest.raises(IntegrityError, match="the manifest does not list it"):
        read_export(exported, elsewhere.config.baseline)
    (exported / "tables" / "more.jsonl").unlink()
    (exported / "tables" / f"{GROUPS}.jsonl").unlink()
    with pytest.raises(IntegrityError, match="it is missing"):
        read_export(exported, elsewhere.config.baseline)


def test_two_hundred_random_bytes(exported: Path, elsewhere: Lab) -> None:
    """In the files and, for half of them, with a sum that fits; never by a parse error alone."""
    chance = random.Random(7)
    names = [str(p.relative_to(exported)) for p in sorted(exported.rglob("*.*")) if p.is_file()]
    config = elsewhere.config.baseline
    manifest = (exported / "manifest.json").read_bytes()
    for number in range(200):
        name = chance.choice(names)
        before = (exported / name).read_bytes()
        if not before:
            continue
        content = bytearray(before)
        place = chance.randrange(len(content))
        content[place] = chance.choice([b for b in range(256) if b != content[place]])
        if number % 4 > 1 and name.endswith(".jsonl"):
            content, place = bytearray(other_letter(chance, before)[0]), 0
        (exported / name).write_bytes(content)
        if number % 2 and name != "manifest.json":
            resummed(exported, name)
        try:
            read_export(exported, config)
        except (IntegrityError, BaselineError) as exc:
            code = exc.exit_code
        else:
            pytest.fail(f"{name}: {place} of {len(content)}, a {content[place]!r}")
        assert name.startswith("manifest") or code == 5, (name, place)
        (exported / name).write_bytes(before)
        (exported / "manifest.json").write_bytes(manifest)
    read_export(exported, config)


def test_the_commands(
    original: Path, exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def audit(folder: Path, *words: str) -> str:
        (folder / "audit.toml").write_text("[run]\nqueries = []\n")
        with pytest.raises(SystemExit) as ended:
            app(["baseline", *words, "--config", str(folder / "audit.toml")])
        assert not ended.value.code
        return capsys.readouterr().out

    said = audit(original, "export", "--output", str(tmp_path / "out"))
    assert said == f"Exported: baseline default v2 to {tmp_path / 'out'}\n"
    (tmp_path / "new").mkdir()
    said = audit(tmp_path / "new", "import", str(exported))
    assert said == f"In force: baseline default v2, approved by {ALICE}, unsigned.\n"
