"""What an approval is limited to: findings, queries, accounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import decisions
from auditor.baseline.approve import Approved
from auditor.baseline.log import read_log
from auditor.errors import UsageError
from auditor.model import AuditRun
from tests.harness import HOME, LEAST, Lab, Rows, short

INSTANCES = "aws_ec2_instances"
OTHER = "222222222222"


def hops(here: int, there: int, **more: int) -> Rows:
    found = [
        {"id": "i-1", "metadata_hop_limit": here},
        {"id": "i-2", "metadata_hop_limit": there, "account_id": OTHER},
    ]
    found += [{"id": f"i-{name}", "metadata_hop_limit": n} for name, n in more.items()]
    return {INSTANCES: found}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = Lab(tmp_path, tables=[INSTANCES], known=LEAST)
    lab.seal(hops(1, 1))
    lab.approve()
    return lab


def approve(lab: Lab, **limits: list[str]) -> Approved:
    request = decisions.prepare(lab.config, **limits)
    who = decisions.Who(by="ada", prepared_by="bob", reason="planned")
    return decisions.approve(lab.config, request, who, clock=lab.clock)


def accepted(lab: Lab) -> list[str]:
    return list(read_log(lab.config.baseline.approvals)[-1].content["accepts"])


def about(run: AuditRun) -> list[str]:
    return sorted(short(f) for f in run.active)


def test_one_account_is_approved_and_the_other_stays(lab: Lab) -> None:
    run = lab.audit(hops(2, 2))
    assert about(run) == ["i-1", "i-2"]
    approve(lab, accounts=[OTHER])
    assert accepted(lab) == [f.fingerprint for f in run.active if f.scope.account_id == OTHER]
    assert about(lab.compare()) == ["i-1"]


def test_the_findings_of_one_query_are_accepted(lab: Lab) -> None:
    run = lab.audit(hops(2, 2, new=1))
    changed = [f for f in run.active if f.query_id != "new_instance"]
    assert {short(f) for f in changed} == {"i-1", "i-2"}
    approve(lab, queries=[changed[0].query_id])
    assert accepted(lab) == sorted(f.fingerprint for f in changed)
    assert about(lab.compare()) == ["i-new"]


def test_query_and_account_limit_each_other(lab: Lab) -> None:
    run = lab.audit(hops(2, 2, new=1))
    query = next(f.query_id for f in run.active if short(f) == "i-1")
    approve(lab, queries=[query], accounts=[HOME.account_id])
    assert about(lab.compare()) == ["i-2", "i-new"]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"queries": ["new_instanc"]}, "no open finding is by 'new_instanc'; did you mean new_ins"),
        ({"accounts": ["333333333333"]}, "has no account '333333333333'"),
        ({"findings": ["zz"]}, "no finding begins with 'zz'"),
    ],
)
def test_what_does_not_exist_is_named(lab: Lab, limits: dict[str, list[str]], said: str) -> None:
    lab.audit(hops(1, 1, new=1))
    with pytest.raises(UsageError) as caught:
        approve(lab, **limits)
    assert said in caught.value.message
    assert caught.value.hint
