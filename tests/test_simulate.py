"""`audit simulate`: files that people review before they merge, and what the command says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.errors import UsageError
from auditor.model import Status
from auditor.proposals.reading import format_modules
from tests.harness import HOME, Lab
from tests.proposals import CASES, FOLDER, Case, sealed, told
from tests.proposals import estate as estate_of

ROOT = Path(__file__).parents[1]
OPENED = FOLDER / "aws_security_groups" / "opened.json"
ACL = FOLDER / "aws_network_acls" / "deny_removed.json"


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder for each cloud, with a store that holds the snapshot of its cases."""

    @cache
    def folder(cloud: str) -> Path:
        found = tmp_path_factory.mktemp(cloud)
        sealed(found, cloud)
        return found

    return folder


@pytest.fixture
def estate(estates: Callable[[str], Path]) -> Path:
    return estates("aws")


def simulate(folder: Path, file: Path, *options: str) -> tuple[int, str]:
    """Return exit code and output; what the command refuses is raised."""
    config = str(folder / "audit.toml")
    done = CliRunner().invoke(app, ["simulate", str(file), "--config", config, *options])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def judged(folder: Path, file: Path, *options: str) -> dict[str, Any]:
    code, output = simulate(folder, file, "--json", *options)
    document: dict[str, Any] = json.loads(output)
    assert document["exit_code"] == code
    return document


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, estates: Callable[[str], Path]) -> None:
    assert told(judged(estates(case.cloud), case.path)) == case.expected()


def test_every_format_has_cases_and_every_case_a_format() -> None:
    names = [module.__name__.rpartition(".")[2] for module in format_modules()]
    assert sorted({case.path.parent.name for case in CASES}) == names
    assert {path.with_suffix(".json") for path in FOLDER.glob("*/*.toml")} == {
        case.path for case in CASES
    }


def test_a_person_reads_verdict_severity_policy_and_reason(estate: Path) -> None:
    code, output = simulate(estate, OPENED)
    assert code == 3
    assert output.splitlines() == [
        "LOOSER than snapshot 1: 1 loosened",
        "",
        "critical LOOSENED  web (sg-1)",
        "  tcp/22 now also from 0.0.0.0/0 except 10.0.0.0/8 (rule IpPermissions[1] added); "
        'in "web"; the Internet gets to front',
        "  aws/111111111111/eu-west-1  SecurityGroups[0]",
    ]
    code, output = simulate(estate, FOLDER / "aws_security_groups" / "rewritten.json")
    assert (code, output) == (0, "NOT LOOSER than snapshot 1: nothing changes\n")


def test_markdown_for_a_review(estate: Path, tmp_path: Path) -> None:
    file = changed(tmp_path, OPENED, lambda d: d["SecurityGroups"][0].update(GroupId="sg-9|<b>"))
    code, output = simulate(estate, file, "--format", "markdown")
    assert code == 4
    assert output.splitlines() == [
        "**NOT KNOWN than snapshot 1: 1 unknown**",
        "",
        "| severity | verdict | policy | reason |",
        "|---|---|---|---|",
        "| medium | UNKNOWN | `web (sg-9\\x7c<b>)` | it is not known in snapshot 1 |",
    ]


def test_documents_may_be_mixed(estate: Path, tmp_path: Path) -> None:
    paths = (ACL, FOLDER / "terraform_plan" / "nothing.json", OPENED)
    file = tmp_path / "all.json"
    file.write_text(json.dumps([json.loads(path.read_text()) for path in paths]))
    found = judged(estate, file)
    assert {c["where"] for c in found["loosened"]} == {
        "[0] NetworkAcls[0]",
        "[2] SecurityGroups[0]",
    }


def changed(folder: Path, source: Path, change: Callable[[Any], object]) -> Path:
    document = json.loads(source.read_text())
    change(document)
    file = folder / "changed.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("", "", "the file is empty"),
        ("{", ": line 1, column 2", "the file is no JSON"),
        ("[]", "", "the form of the document is not known"),
        ('{"Reservations": []}', "", "the form of the document is not known"),
        ('[{"SecurityGroups": []}]', ": [0]", "there is no policy in it"),
        ('[{"SecurityGroups": [1]}]', ": [0] SecurityGroups", "must be a list of objects"),
        ('[[["deep"]]]', ": [0]", "the form of the document is not known"),
        ('{"SecurityGroups": [{}]}', ": SecurityGroups[0]", "GroupId is missing"),
        (
            '{"SecurityGroupRules": [{"GroupId": "sg-1", "IsEgress": false}]}',
            ": SecurityGroupRules",
            "ec2 security group rules: IpProtocol is missing",
        ),
        (
            '{"NetworkAcls": [{"NetworkAclId": "acl-1", "Entries": [{"Egress": false, '
            '"RuleNumber": "1", "RuleAction": "allow", "Protocol": "-1"}]}]}',
            ": NetworkAcls[0]",
            "not supported between instances of 'str' and 'int'",
        ),
        (
            '{"type": "Microsoft.Network/networkSecurityGroups", "name": "web", '
            '"securityRules": [{"name": "a", "access": "Allow"}]}',
            ": the network security group rule a",
            "direction is missing",
        ),
        ('{"format_version": "2.0", "resource_changes": []}', "", "plans of format 2.0"),
        (
            '{"format_version": "1.2", "resource_changes": [{"address": "a.b"}]}',
            ": resource_changes[0] (a.b)",
            "change is missing",
        ),
    ],
)
def test_a_file_that_cannot_be_used(
    estate: Path, tmp_path: Path, text: str, where: str, says: str
) -> None:
    file = tmp_path / "proposed.json"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        simulate(estate, file)
    assert refused.value.exit_code == 2
    assert refused.value.where == f"{file}{where}"
    assert says in refused.value.message
    assert refused.value.hint or "format 2.0" in says


def test_other_refusals(estate: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        simulate(estate, tmp_path / "nothing.json")
    with pytest.raises(UsageError, match="--format 'xml'"):
        simulate(estate, OPENED, "--format", "xml")
    with pytest.raises(UsageError, match="no snapshot '7'"):
        simulate(estate, OPENED, "--snapshot", "7")
    twice = json.loads(ACL.read_text())
    file = tmp_path / "twice.json"
    file.write_text(json.dumps([twice, twice]))
    with pytest.raises(UsageError, match="stands in the file twice"):
        simulate(estate, file)


def unknown(folder: Path, file: Path, *options: str) -> list[str]:
    found = judged(folder, file, *options)
    assert found["exit_code"] == 4 and not found["loosened"]
    return [change["reason"] for change in found["unknown"]]


def test_what_was_not_read_is_not_clean(tmp_path: Path) -> None:
    lab = sealed(tmp_path)
    for number, table in ((2, "aws_ec2_security_groups"), (3, "aws_ec2_security_group_rules")):
        lab.seal(estate_of("aws"), coverage={(table, HOME): Status.DENIED})
        missing = f"its scope was not read completely in snapshot {number}"
        assert unknown(tmp_path, OPENED) == [missing]
    assert judged(tmp_path, OPENED, "--snapshot", "1")["exit_code"] == 3


def test_a_store_without_the_tables(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=["aws_ec2_instances"], known=["aws_ec2_instances"])
    lab.seal()
    (tmp_path / "audit.toml").write_text(f'[store]\npath = "{lab.config.store.path}"\n')
    assert unknown(tmp_path, OPENED) == ["its scope was not read completely in snapshot 1"]
    file = FOLDER / "terraform_plan" / "aws_new_group.json"
    assert set(unknown(tmp_path, file)) == {"its scope was not read completely in snapshot 1"}


def test_a_name_that_several_have(tmp_path: Path) -> None:
    lab = sealed(tmp_path, "azure")
    groups = [
        {"id": "x", "resource_id": f"/subscriptions/{n}/x/web", "cloud": "azure", "account_id": n}
        for n in ("1", "2")
    ]
    lab.seal({"azure_network_security_groups": [{**g, "region": "global"} for g in groups]})
    [reason] = unknown(tmp_path, FOLDER / "azure_template" / "rule_added.json")
    assert reason == ("web is the name of several: /subscriptions/1/x/web, /subscriptions/2/x/web")


def test_the_process_says_it_by_its_exit_code_and_loads_no_cloud_sdk(estate: Path) -> None:
    program = (
        "import sys\nfrom auditor.cli.main import main\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'boto3', 'azure.core', 'google.auth', 'requests'} & set(sys.modules)\n"
        "    print(sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "simulate", str(OPENED)],
        cwd=estate,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (3, "[]\n")
    assert done.stdout.startswith("LOOSER than snapshot 1")
