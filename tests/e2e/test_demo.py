"""The demo, and a person's first look around in what it leaves behind."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from auditor.shipped import shipped
from tests.e2e.conftest import Cli

pytestmark = pytest.mark.together


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cli, str]:
    """The demo's folder, with what the demo printed."""
    cli = Cli(tmp_path_factory.mktemp("demo"))
    done = cli("demo", "here")
    assert done.returncode == 0, done.stderr
    return Cli(cli.folder / "here"), done.stdout


def test_it_tells_the_story(shown: tuple[Cli, str]) -> None:
    cli, text = shown
    for part in (
        "nobody has approved them: exit code 4",
        "Second run: 0 findings, exit code 0",
        "T1578.002",
        "167 of 167 scopes complete",
        "approved by alice",
        "Instance accepts IMDSv1",
        "Instance that is not in the baseline",
        "tcp/22 now also from 0.0.0.0/0",
        "with a public address",
        "by ci-legacy from 198.51.100.77 with aws-cli, ",
        "reports/report.html",
    ):
        assert part in text
    document = json.loads((cli.folder / "reports" / "findings.json").read_text())
    found = Counter((f["cloud"], f["verdict"]) for f in document["findings"])
    assert found == {
        ("aws", "NEW"): 2,
        ("aws", "LOOSENED"): 5,
        ("aws", "SUSPICIOUS"): 2,
        ("azure", "NEW"): 2,
        ("azure", "LOOSENED"): 1,
        ("azure", "SUSPICIOUS"): 3,
        ("gcp", "NEW"): 2,
        ("gcp", "LOOSENED"): 4,
        ("gcp", "SUSPICIOUS"): 3,
    }
    chains = [f for f in document["findings"] if f["query_id"] == "snapshot_instance_chain"]
    assert [f["severity"] for f in chains] == ["critical"] * 3
    first = [f for f in document["findings"] if f["query_id"] == "initiator_first_seen"]
    who = {f["cloud"]: f["resource_id"] for f in first}
    others = [f for f in document["findings"] if f not in first]
    assert {f["cloud"]: f["attribution"]["principal"] for f in others} == who
    assert who == {
        "aws": "arn:aws:iam::111212121212:user/ci-legacy",
        "azure": "intern@example.com",
        "gcp": "temp-contractor@example.com",
    }
    assert {f["account_id"] for f in document["findings"] if f["cloud"] == "aws"} == {
        "111212121212"
    }


def test_a_second_demo_overwrites_nothing(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    done = cli("demo", ".")
    assert done.returncode == 2
    assert "not empty" in done.stderr


def test_files_are_private(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    for name in ("audit.duckdb", "approvals.jsonl", "reports/findings.json"):
        assert (cli.folder / name).stat().st_mode & 0o077 == 0


def test_reports_again(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    assert "DRIFT" in cli("report").stdout
    assert "CLEAN" in cli("report", "--run", "2").stdout
    assert "UNAPPROVED" in cli("report", "--run", "1").stdout
    assert cli("report", "--format", "html", "--output", "again.html").returncode == 0
    assert (cli.folder / "again.html").read_bytes() == (
        cli.folder / "reports" / "report.html"
    ).read_bytes()
    wrong = cli("report", "--run", "99")
    assert wrong.returncode == 2
    assert "1 to 3" in wrong.stderr


def test_queries_in_three_formats(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    sql = (
        "SELECT region, count(*) AS n FROM instances WHERE cloud = 'aws' GROUP BY ALL ORDER BY ALL"
    )
    expected = [{"region": "eu-central-1", "n": 40}, {"region": "us-east-1", "n": 41}]
    assert cli.json("query", sql) == expected
    rows = list(csv.DictReader(io.StringIO(cli("query", sql, "--format", "csv").stdout)))
    assert rows == [{"region": r["region"], "n": str(r["n"])} for r in expected]
    assert "eu-central-1" in cli("query", sql).stdout
    assert cli.json("query", sql, "--snapshot", "1")[1]["n"] == 40
    for bad in ("DROP TABLE instances", "SELECT 1; SELECT 2", "SELECT * FROM nowhere", "nonsense"):
        done = cli("query", bad)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert "no rows" in cli("query", "SELECT * FROM instances WHERE false").stdout


def test_explain_and_history(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    weak = next(f for f in cli.json("findings", "list") if "IMDSv1" in f["title"])
    instance = weak["resource_id"].rsplit("/", 1)[-1]
    found = cli.json("explain", instance)
    assert found["resource_id"] == weak["resource_id"]
    assert found["allowed"][0]["rules"]
    since = found["since_baseline"]
    assert weak["fingerprint"] in {f["fingerprint"] for f in since["findings"]}
    text = cli("explain", instance).stdout
    assert "Since the baseline (default version 1):" in text
    assert "allowed by rule sgr-" in text
    versions = cli.json("history", instance)["versions"]
    assert versions[-1]["changes"]["metadata_http_tokens"] == ["required", "optional"]
    assert "metadata_http_tokens: required -> optional" in cli("history", instance).stdout
    assert "\nby ci-legacy from " in cli("findings", "show", weak["fingerprint"][:8]).stdout
    for command in ("explain", "history"):
        done = cli(command, "i-nowhere")
        assert done.returncode == 2
        assert "never seen" in done.stderr
    done = cli("findings", "show", "ffffffff")
    assert done.returncode == 2


def test_baselines(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    assert [b["version"] for b in cli.json("baseline", "list")] == [1]
    approved = cli.json("baseline", "show")
    assert approved["approved_by"] == "alice"
    manifest = json.loads((shipped("baselines") / "demo" / "manifest.json").read_bytes())
    assert approved["digest"] == manifest["digest"]
    assert "alice" in cli("baseline", "list").stdout
    assert "CHG-1" in cli("baseline", "show").stdout
    done = cli("baseline", "approve", "--finding", "zz", "--reason", "x", "--yes")
    assert done.returncode == 2
    done = cli("baseline", "approve", "--yes")
    assert done.returncode == 2
    assert "--reason" in done.stderr
    asked = cli("baseline", "approve", "--reason", "x")
    assert asked.returncode == 1
    assert "Approve this?" in asked.stderr
    assert [b["version"] for b in cli.json("baseline", "list")] == [1]


def test_the_store_verifies_and_has_a_size(shown: tuple[Cli, str]) -> None:
    cli, _ = shown
    assert "Verified: 3 snapshots" in cli("store", "verify").stdout
    assert cli.json("store", "stats")["snapshots"] == 3


def test_init_then_lists(cli: Cli) -> None:
    done = cli("init")
    assert done.returncode == 0
    assert "audit doctor" in done.stdout
    assert (cli.folder / "audit.toml").exists()
    again = cli("init")
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert "ec2:DescribeInstances" in cli("permissions", "aws").stdout
    policy = json.loads(cli("permissions", "aws").stdout)
    assert policy["Statement"][0]["Effect"] == "Allow"
    assert "aws_iam_policy" in cli("permissions", "aws", "--format", "terraform").stdout
    assert cli("permissions", "mars").returncode == 2
    for what in ("tables", "queries", "settings"):
        assert cli("list", what).stdout
        assert cli.json("list", what)
        assert cli("list", what, "--format", "markdown").stdout.startswith("|")
    assert cli.json("version")["audit"]


def test_no_colour_and_no_escape_codes_in_a_pipe(shown: tuple[Cli, str]) -> None:
    cli, text = shown
    assert "\x1b" not in text
    environment = {k: v for k, v in cli.full_environment().items() if k != "NO_COLOR"}
    done = subprocess.run(
        [Path(sys.executable).parent / "audit", "report"],
        cwd=cli.folder,
        env={**environment, "TERM": "xterm-256color", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in done.stdout
