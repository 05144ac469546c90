"""Logging in to AWS: default credentials, profiles, roles, organizations, regions."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.collect.aws.session import accounts
from auditor.collect.context import CollectContext
from auditor.errors import CollectError
from auditor.model import Status
from tests.aws_login import config, opened, quick, use_environment
from tests.aws_stub import Params, Reply, error, identity, items, serve

ACCOUNT = "111122223333"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_environment(monkeypatch, tmp_path)


@pytest.fixture
def context() -> CollectContext:
    return quick()


def test_default_account_lists_enabled_regions(context: CollectContext) -> None:
    def script(region: str, action: str, params: Params) -> Reply:
        if action == "GetCallerIdentity":
            return identity()
        assert action == "DescribeRegions" and "AllRegions" not in params
        return items(action, "regionInfo", ["us-east-1", "eu-west-1"], "regionName")

    with serve(script) as stub:
        account = opened(stub, context, regions=[])
        assert account.label == "default credentials" and account.account_id == ACCOUNT
        found = account.scopes(regional=True)
        assert [s.id() for s in found] == [f"aws/{ACCOUNT}/eu-west-1", f"aws/{ACCOUNT}/us-east-1"]
        assert account.scopes(regional=True) == found, "the same scopes, and so the same budget"
        assert [s.id() for s in account.scopes(regional=False)] == [f"aws/{ACCOUNT}/global"]
        assert all("cloud-baseline-auditor/" in agent for agent in stub.agents)


def test_another_account_than_configured_is_refused(context: CollectContext) -> None:
    with serve(lambda *_: identity("999900001111")) as stub:
        (account,) = accounts(config(stub, accounts=[{"id": ACCOUNT}]), context)
        assert (account.label, account.account_id) == (ACCOUNT, ACCOUNT)
        with pytest.raises(CollectError, match="999900001111") as caught:
            account.open()
    assert (caught.value.status, caught.value.kind) == (Status.DENIED, "credentials")


def test_missing_profile_is_told_at_open(context: CollectContext) -> None:
    with serve(lambda *_: identity()) as stub:
        (account,) = accounts(config(stub, accounts=[{"profile": "prod"}]), context)
        with pytest.raises(CollectError) as caught:
            account.open()
    assert caught.value.kind == "credentials" and "profile prod" in (caught.value.hint or "")


def assumed(params: Params) -> Reply:
    number = params["RoleArn"].split(":")[4]
    keys = f"<AccessKeyId>AKID{number}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
    inner = f"<Credentials>{keys}<SessionToken>t</SessionToken>"
    inner += "<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>"
    return 200, (
        f"<AssumeRoleResponse><AssumeRoleResult>{inner}</AssumeRoleResult></AssumeRoleResponse>"
    )


def test_role_is_assumed_with_external_id(context: CollectContext) -> None:
    asked: list[Params] = []

    def script(region: str, action: str, params: Params) -> Reply:
        asked.append(params)
        return assumed(params) if action == "AssumeRole" else identity()

    role = {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/audit", "external_id": "e-1"}
    with serve(script) as stub:
        account = opened(stub, context, accounts=[role])
    assert account.label == f"role arn:aws:iam::{ACCOUNT}:role/audit"
    assert [p["Action"] for p in asked] == ["AssumeRole", "GetCallerIdentity"]
    assert asked[0]["ExternalId"] == "e-1"


def test_denied_role_names_the_role(context: CollectContext) -> None:
    with serve(lambda *_: error("AccessDenied", 403)) as stub:
        role = {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/audit"}
        with pytest.raises(CollectError) as caught:
            opened(stub, context, accounts=[role])
    assert caught.value.kind == "denied" and "role/audit" in (caught.value.hint or "")
    assert "AssumeRole" in caught.value.message


def test_a_role_without_credentials_to_assume_it_is_told_as_such(
    context: CollectContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    role = {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/audit"}
    with serve(lambda region, action, params: identity()) as stub:
        with pytest.raises(CollectError) as caught:
            opened(stub, context, accounts=[role])
        assert not stub.agents, "nothing is sent"
    assert caught.value.kind == "credentials" and "role/audit" in (caught.value.hint or "")


def test_organization(context: CollectContext) -> None:
    rows = [("111122223333", "ACTIVE"), ("222233334444", "ACTIVE"), ("333344445555", "SUSPENDED")]
    rows.append(("444455556666", "ACTIVE"))
    json_rows = ",".join(
        f'{{"Id":"{n}","Status":"{s}","Arn":"arn:aws-us-gov:organizations::1:account/o/{n}"}}'
        for n, s in rows
    )

    def script(region: str, action: str, params: Params) -> Reply:
        return (
            identity() if action == "GetCallerIdentity" else (200, f'{{"Accounts":[{json_rows}]}}')
        )

    organization = {"role_name": "audit", "external_id": "e", "skip_accounts": ["444455556666"]}
    with serve(script) as stub:
        found = accounts(config(stub, organization=organization), context)
    assert [a.account_id for a in found] == ["111122223333", "222233334444"]
    assert found[0]._entry.role_arn is None
    assert found[1]._entry.role_arn == "arn:aws-us-gov:iam::222233334444:role/audit"
