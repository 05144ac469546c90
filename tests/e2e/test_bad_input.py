"""Bad input gets a clear error, and loses nothing."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws, generate
from tests.e2e.conftest import AUDIT, Cli, read, simulated

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[aws]\nregoins = []\n", ["audit.toml", "aws.regoins", "did you mean aws.regions?"]),
        ("[run]\nconcurency = 3\n", ["run.concurency", "run.concurrency"]),
        ("[strore]\n", ["strore", "store"]),
        ("[run\n", ["audit.toml", "not valid TOML", "line 1"]),
        ('[run]\ndeadline = "soon"\n', ["run.deadline", "a duration such as"]),
        ('[run]\ntables = ["aws_ec2_instance"]\n', ["aws_ec2_instances", "did you mean"]),
        ('[report]\nformats = ["pdf"]\n', ["pdf", "html"]),
        ('[run]\nqueries = ["nowhere"]\n', ["nowhere", "no such folder"]),
        ('[[aws.accounts]]\nid = "12"\n', ["aws.accounts.id"]),
    ],
)
def test_configuration(cli: Cli, text: str, parts: list[str]) -> None:
    cli.configure(text)
    done = cli("run")
    assert done.returncode == 2, done.stderr
    assert [p for p in parts if p not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_named_file_that_is_missing(cli: Cli) -> None:
    done = cli("run", "--config", "nowhere.toml")
    assert done.returncode == 2
    assert "nowhere.toml" in done.stderr
    assert "audit init" in done.stderr


def test_no_store_yet(cli: Cli) -> None:
    for command in (["report"], ["query", "SELECT 1"], ["findings", "list"], ["store", "verify"]):
        done = cli(*command)
        assert done.returncode == 1, command
        assert "audit run" in done.stderr


def test_bad_logins_leave_the_other_accounts_alone(cli: Cli) -> None:
    estate = generate(accounts=3, instances=10, external_id="right")
    good, wrong_id, no_role = estate.accounts
    cli.configure(
        '[run]\ntables = ["aws_ec2_instances"]\nmax_attempts = 2\n'
        f'[aws]\nregions = ["{REGION}"]\n'
        f'[[aws.accounts]]\nid = "{good}"\n'
        f'[[aws.accounts]]\nid = "{wrong_id}"\n'
        f'role_arn = "arn:aws:iam::{wrong_id}:role/audit-reader"\nexternal_id = "wrong"\n'
        f'[[aws.accounts]]\nid = "{no_role}"\n'
        f'role_arn = "arn:aws:iam::{no_role}:role/nobody"\n'
        '[[aws.accounts]]\nprofile = "missing-profile"\n'
    )
    with SimAws(estate) as cloud:
        cli.environment = cloud.environment()
        code, result = cli.run()
    assert code == 4
    outcome = {c["account_id"]: (c["status"], c["error_kind"]) for c in read(result)}
    assert outcome[good] == ("complete", None)
    assert outcome[wrong_id] == ("denied", "denied")
    assert outcome[no_role] == ("denied", "denied")
    assert outcome["profile missing-profile"] == ("denied", "credentials")
    details = {c["account_id"]: c["detail"] for c in read(result)}
    assert "AssumeRole" in details[wrong_id]
    assert "missing-profile" in details["profile missing-profile"]


def test_an_expired_token_and_no_credentials(cli: Cli) -> None:
    estate = generate(instances=5)
    with SimAws(estate, faults=[Fault("expired")]) as cloud:
        simulated(cli, cloud, regions=[REGION])
        code, expired = cli.run()
        assert code == 4
        assert {c["error_kind"] for c in read(expired)} == {"credentials"}
        assert "ExpiredToken" in read(expired)[0]["detail"]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del cli.environment[name]
        code, bare = cli.run()
        assert code == 4
        assert {c["error_kind"] for c in read(bare)} == {"credentials"}
        assert "default credentials" in read(bare)[0]["detail"]
        done = cli("doctor")
        assert done.returncode == 4
        assert "default credentials" in done.stdout


@pytest.mark.parametrize("kind", ["malformed", "html"])
def test_a_malformed_answer_fails_its_scope_only(cli: Cli, kind: str) -> None:
    fault = Fault(kind, action="DescribeSecurityGroups")  # type: ignore[arg-type]
    with SimAws(generate(instances=10), faults=[fault]) as cloud:
        simulated(cli, cloud, regions=[REGION])
        code, result = cli.run()
    assert code == 4
    assert {c["table"]: c["error_kind"] for c in read(result)} == {
        "aws_ec2_instances": None,
        "aws_ec2_security_groups": "malformed",
        "aws_ec2_security_group_rules": None,
    }


@pytest.fixture
def filled(cli: Cli) -> Cli:
    """A folder with one snapshot."""
    with SimAws(generate(instances=10)) as cloud:
        simulated(cli, cloud, regions=[REGION])
        assert cli.run()[0] == 4
    return cli


def test_a_store_of_a_newer_version(filled: Cli) -> None:
    path = filled.folder / "audit.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO migration VALUES (99, now()::TIMESTAMP, 'later')")
    before = path.read_bytes()
    for command in (["report"], ["run"]):
        done = filled(*command)
        assert done.returncode == 2
        assert "audit.duckdb" in done.stderr
        assert "99" in done.stderr
        assert "upgrade" in done.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_damaged_store(filled: Cli, damage: str) -> None:
    path = filled.folder / "audit.duckdb"
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:5000], "noise": b"\0hello" * 1000, "empty": b""}[damage])
    for command in (["report"], ["run"]):
        done = filled(*command)
        if damage == "empty" and command == ["run"]:
            continue
        assert done.returncode == 1, done.stderr
        assert "audit.duckdb" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_full_disk(filled: Cli) -> None:
    """RLIMIT_FSIZE stands in for a full disk: every write beyond it fails."""
    path = filled.folder / "audit.duckdb"
    size = path.stat().st_size
    with SimAws(generate(instances=3000)) as cloud:
        filled.environment |= cloud.environment()
        done = subprocess.run(
            [AUDIT, "run", "--json"],
            cwd=filled.folder,
            env=filled.full_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
        )
    assert done.returncode in (1, 2), done.stderr
    assert str(filled.folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert filled("store", "verify").returncode == 0
    assert filled.json("query", "SELECT count(*) AS n FROM snapshots") == [{"n": 1}]


def test_a_read_only_folder(filled: Cli) -> None:
    """Root may write anywhere, so it has to give that right up first."""
    command: list[str | Path] = [AUDIT, "run"]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        assert setpriv, "util-linux is missing"
        command = [setpriv, "--bounding-set=-dac_override", *command]
    filled.folder.chmod(0o555)
    try:
        done = subprocess.run(
            command,
            cwd=filled.folder,
            env=filled.full_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        filled.folder.chmod(0o755)
    assert done.returncode in (1, 2), done.stdout
    assert str(filled.folder) in done.stderr
    assert "Traceback" not in done.stderr
    assert filled("store", "verify").returncode == 0
