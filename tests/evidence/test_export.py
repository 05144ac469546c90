"""What the files of a bundle tell about a period."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import orjson
import pytest
import rfc8785
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.errors import IntegrityError, UsageError
from auditor.evidence.bundle import read
from auditor.evidence.period import missed, read_period
from tests.evidence.conftest import AFTER, Quarter
from tests.report.test_ocsf import validator


def rows(path: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((path / name).read_text(), newline="")))


def test_every_finding_has_what_became_of_it(quarter: Quarter) -> None:
    path = quarter.export().path
    found = {r["resource_id"].rsplit("/")[-1]: r for r in rows(path, "findings.csv")}
    states = {n: r["disposition"] for n, r in found.items() if n.startswith("i-")}
    assert states == {"i-a": "accepted", "i-b": "waived", "i-c": "resolved", "i-d": "open"}
    accepted, waived = found["i-a"], found["i-b"]
    assert (accepted["decided_by"], accepted["approval_line"]) == ("alice@example.com", "2")
    assert (waived["decided_by"], waived["ticket"], waived["expires_at"][:10]) == (
        *("bob@example.com", "CHG-7"),
        "2026-04-11",
    )
    assert (found["i-d"]["before"], found["i-d"]["after"][-2:]) != ("", "")


def test_runs_that_did_not_happen_and_readings_that_failed_are_listed(quarter: Quarter) -> None:
    evidence = quarter.export()
    runs = rows(evidence.path, "runs.csv")
    assert [r["outcome"] for r in runs] == ["unapproved", "drift", "drift", "drift", "drift"]
    due = [r["due_at"][:10] for r in rows(evidence.path, "missed-runs.csv")]
    assert due[:3] == ["2026-01-23", "2026-01-24", "2026-01-27"]
    assert due[-1] == "2026-03-31"
    (gap,) = rows(evidence.path, "gaps.csv")
    assert (gap["snapshot"], gap["status"], gap["table"]) == ("4", "denied", "aws_ec2_instances")
    (held,) = rows(evidence.path, "coverage.csv")
    assert (held["runs_complete"], held["runs_with_gap"]) == ("4", "1")


def test_without_a_schedule_no_run_is_called_missed(quarter: Quarter) -> None:
    quarter.set("run", every=None)
    evidence = quarter.export()
    assert evidence.facts.missed is None
    assert rows(evidence.path, "missed-runs.csv") == []


def test_versions_and_what_they_changed(quarter: Quarter) -> None:
    path = quarter.export().path
    versions = rows(path, "baselines.csv")
    assert [(v["version"], v["approved_by"]) for v in versions] == [
        ("1", "alice@example.com"),
        ("2", "alice@example.com"),
    ]
    assert [v["state"][:8] for v in versions] == ["another ", "in force"]
    changes = rows(path, "baseline-changes.csv")
    assert {(c["old"], c["new"], c["change"]) for c in changes} == {("1", "2", "finding accepted")}
    assert len(rows(path, "approvals.csv")) == 3


def test_controls_name_files_that_are_there(quarter: Quarter) -> None:
    path = quarter.export(chosen=["soc2", "fedramp-20x"]).path
    assert sorted(f.name for f in (path / "controls").iterdir()) == [
        "fedramp-20x.csv",
        "soc2-2017.csv",
    ]
    for file in (path / "controls").iterdir():
        for row in rows(path, f"controls/{file.name}"):
            assert all((path / name).is_file() for name in row["files"].split())
    (indicator,) = rows(path, "controls/fedramp-20x.csv")
    assert indicator["control"] == "KSI-MLA-EVC"


def test_reports_are_of_the_period_and_keep_their_schemas(quarter: Quarter) -> None:
    from trestle.oscal.assessment_results import AssessmentResults

    path = quarter.export().path
    told = json.loads((path / "findings.json").read_text())
    assert {f["status"] for f in told["findings"]} == {"open", "resolved", "waived"}
    assert AssessmentResults.oscal_read(path / "assessment-results.json") is not None
    for event in json.loads((path / "findings.ocsf.json").read_text()):
        validator().validate(event)


def test_two_exports_are_equal_byte_for_byte(quarter: Quarter) -> None:
    first, second = read(quarter.export("one").path), read(quarter.export("two").path)
    assert first == second
    one, two = quarter.export("one.zip").path, quarter.export("two.zip").path
    assert one.read_bytes() == two.read_bytes()
    assert read(one) == first
    with zipfile.ZipFile(one) as archive:
        assert archive.testzip() is None


def test_a_period_that_has_not_ended_is_exported_as_far_as_it_is_known(quarter: Quarter) -> None:
    quarter.set("run", every=None)
    for name in ("one", "two"):
        quarter.export(name, period="2026", clock=quarter.lab.clock)
    one, two = read(quarter.folder / "one"), read(quarter.folder / "two")
    assert one == two
    assert b"The period had not ended then." in one["VERIFY.md"]


def test_the_manifest_is_in_canonical_form(quarter: Quarter) -> None:
    content = (quarter.export().path / "manifest.json").read_bytes()
    assert rfc8785.dumps(orjson.loads(content)) == content


def test_nothing_secret_or_local_is_in_it(quarter: Quarter) -> None:
    text = b"".join(read(quarter.export().path).values())
    for word in (str(quarter.folder).encode(), b"PRIVATE KEY", b"external_id"):
        assert word not in text, word


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"period": "2026-Q5"}, "'2026-Q5' is no period"),
        ({"period": "2026-02-30"}, "is no period"),
        ({"period": "2026-03-01..2026-02-01"}, "ends before it starts"),
        ({"period": "2025"}, "no run started in 2025"),
        ({"chosen": ["pci"]}, ""),
        ({"chosen": ["hipaa"]}, "there is no framework 'hipaa'"),
    ],
)
def test_bad_input_gets_a_clear_error(quarter: Quarter, options: dict[str, str], said: str) -> None:
    if not said:
        assert quarter.export(**options).files
        return
    with pytest.raises(UsageError) as caught:
        quarter.export(**options)
    assert said in caught.value.message
    assert caught.value.hint


def test_a_folder_with_something_else_is_left_alone(quarter: Quarter) -> None:
    (quarter.folder / "bundle").mkdir()
    (quarter.folder / "bundle" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something that is no evidence"):
        quarter.export()
    assert (quarter.folder / "bundle" / "thesis.txt").read_text() == "years of work"


def test_an_altered_store_gives_no_evidence(quarter: Quarter) -> None:
    quarter.lab.tamper("UPDATE store.inventory.aws_ec2_instances SET metadata_hop_limit = 1")
    with pytest.raises(IntegrityError, match="its content was altered"):
        quarter.export()
    assert not (quarter.folder / "bundle").exists()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026q1", "2026-01-01", "2026-04-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2028-02-29", "2028-02-29", "2028-03-01"),
        ("2026-07-01..2026-09-30", "2026-07-01", "2026-10-01"),
    ],
)
def test_periods(text: str, start: str, end: str) -> None:
    period = read_period(text)
    assert (f"{period.start:%Y-%m-%d}", f"{period.end:%Y-%m-%d}") == (start, end)


def test_a_late_run_is_not_missed() -> None:
    period = read_period("2026-01-01..2026-01-03")
    day = period.end - period.start
    late = [period.start + day / 3 * 1.4, period.start + day / 3 * 2.3]
    assert missed(late, day / 3, after=period.start, before=period.end) == []
    due = missed([], day / 3, after=period.start, before=period.end)
    assert due == [period.start + day / 3, period.start + day / 3 * 2]
    assert period.end < AFTER


def test_command_line(quarter: Quarter) -> None:
    config = quarter.folder / "audit.toml"
    config.write_text(
        f'[store]\npath = "{quarter.folder}/audit.duckdb"\n'
        f'[baseline]\napprovals = "{quarter.folder}/approvals.jsonl"\n'
        f'[evidence]\ndirectory = "{quarter.folder}/evidence"\n[aws]\nenabled = false\n'
    )
    run = CliRunner().invoke
    made = run(app, ["evidence", "export", "-c", str(config), "--period", "2026-Q1", "--json"])
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert (told["runs"], told["missed_runs"], told["signatures"]) == (5, None, [])
    checked = run(app, ["evidence", "verify", told["path"]])
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "Verified.")
    (Path(told["path"]) / "runs.csv").write_text("")
    broken = run(app, ["evidence", "verify", told["path"], "--json"])
    assert broken.exit_code == 5
    assert "runs.csv: it was altered" in broken.stdout
