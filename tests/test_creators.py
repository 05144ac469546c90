"""Who may create instances: what policies, roles and bindings of each cloud come to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials

from auditor.collect.aws.policies import evaluate, statements
from auditor.collect.catalog import CLOUDS
from auditor.collect.clouds import session_of
from auditor.collect.creators import ACTIONS, MEANINGS, covered, summary
from auditor.collect.gcp import session
from auditor.collect.permissions import required
from auditor.config import Config
from auditor.errors import CollectError
from auditor.model import Status
from auditor.simcloud import SimCloud
from auditor.simcloud.aws import SimAws, principals
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from tests import aws_login, gcp_stub
from tests.azure_stub import BASE, Reply, error, scope_of, value
from tests.harness import TABLES

ACCOUNT = "111111111111"
ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
EVERYTHING = sorted(MEANINGS)
CREATE, COPY, SHARE = "create_instances", "create_snapshots", "share_snapshots"
LOOSEN, PASS = "loosen_network_policies", "pass_roles"
ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
RUN: dict[str, Any] = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}
NEARBY = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
NAMES = {
    "aws": "aws_iam_instance_creators",
    "azure": "azure_authorization_instance_creators",
    "gcp": "gcp_iam_instance_creators",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws_login.use_environment(monkeypatch, tmp_path)
    gcp_stub.use_environment(monkeypatch)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimAws]:
    estate = aws_estate(accounts=(ACCOUNT,), regions=("us-east-1",), instances=4, seed=7)
    with SimAws(estate, page_size=7) as sim:
        for name, value in sim.environment().items():
            monkeypatch.setenv(name, value)
        yield sim


@pytest.fixture
def azure() -> Iterator[SimAzure]:
    with SimAzure(azure_estate(machines=4, seed=7), page_size=2) as sim:
        yield sim


@pytest.fixture
def gcp() -> Iterator[SimGcp]:
    with SimGcp(gcp_estate(projects=["acme-one"], instances=4, seed=7)) as sim:
        yield sim


def rows(sim: SimCloud, cloud: str, **keys: Any) -> dict[str, dict[str, Any]]:
    """Return the rows of a cloud's table, by the last part of the principal's id."""
    own = {"regions": ["us-east-1"]} if cloud == "aws" else sim.configuration()  # type: ignore[attr-defined]
    config = Config.model_validate({cloud: {**own, "instance_creators": True, **keys}})
    (account,) = session_of(cloud).accounts(config, aws_login.quick())
    account.open()
    try:
        (scope,) = account.scopes(regional=False)
        table = TABLES[NAMES[cloud]]
        made = [dict(table.transform(raw, scope.scope)) for raw in table.fetch(scope)]
    finally:
        account.close()
    return {row["principal_id"].rpartition("/")[2]: row for row in made}


def rights(*given: dict[str, Any], bounds: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    own = [s for n, one in enumerate(given) for s in statements({"Statement": one}, f"policy {n}")]
    frame = None if bounds is None else list(statements({"Statement": bounds}, "the boundary"))
    grants, restrictions = evaluate(own, frame, ADA)
    return {**summary(grants), "restrictions": restrictions}


def test_each_capability_has_a_meaning_and_actions_of_each_cloud() -> None:
    for cloud in CLOUDS:
        assert list(ACTIONS[cloud]) == list(MEANINGS)
        assert covered(cloud, "*") == {a for some in ACTIONS[cloud].values() for a in some}


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("EC2:runinstances", 1), ("ec2:Run?nstances", 1), ("ec2:CreateSnapshot*", 2), ("ec2", 0),
     ("ec2:Describe*", 0), ("*:PassRole", 1), ("ec2.RunInstances", 0), ("", 0)],
)  # fmt: skip
def test_patterns_cover_whole_names(pattern: str, count: int) -> None:
    assert len(covered("aws", pattern)) == count


@pytest.mark.parametrize(
    ("given", "held", "conditional"),
    [
        ([ALL], EVERYTHING, []),
        ([RUN], [CREATE], []),
        ([RUN | {"Condition": NEARBY}], [CREATE], [CREATE]),
        ([RUN | {"Resource": "arn:aws:ec2:*:*:subnet/subnet-1"}], [CREATE], [CREATE]),
        ([RUN | {"Resource": ["arn:aws:ec2:*"]}], [CREATE], []),
        ([RUN | {"Resource": "arn:aws-cn:ec2:*"}], [CREATE], [CREATE]),
        ([RUN | {"Condition": NEARBY}, RUN], [CREATE], []),
        ([{"Effect": "Allow", "Action": "iam:PassRole",
           "Resource": f"arn:aws:iam::{ACCOUNT}:role/*"}], [PASS], []),
        ([{"Effect": "Allow", "Action": "iam:PassRole",
           "Resource": "arn:aws:iam::*:role/web-*"}], [PASS], [PASS]),
        ([{"Effect": "Allow", "NotAction": ["ec2:*", "autoscaling:*"], "Resource": "*"}],
         [PASS], []),
        ([{"Effect": "Allow", "Action": "ec2:CreateImage",
           "NotResource": "arn:aws:ec2:*:*:instance/i-1"}], [COPY], [COPY]),
        ([{"Effect": "Allow", "Action": ["s3:*", "ec2:Describe*"], "Resource": "*"}], [], []),
        ([RUN, {"Effect": "Deny", "Action": "ec2:Run*", "Resource": "*"}], [], []),
        ([RUN, {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}], [], []),
        ([RUN, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": NEARBY}],
         [CREATE], [CREATE]),
        ([RUN, {"Effect": "Deny", "Action": "ec2:*", "Resource": "arn:aws:ec2:*::image/*"}],
         [CREATE], [CREATE]),
    ],
)  # fmt: skip
def test_policies_of_aws(given: Any, held: list[str], conditional: list[str]) -> None:
    found = rights(*given)
    assert (found["capabilities"], found["conditional"]) == (held, conditional)


@pytest.mark.parametrize(
    ("bounds", "held", "conditional"),
    [
        ([ALL], EVERYTHING, []),
        ([RUN], [CREATE], []),
        ([RUN | {"Condition": NEARBY}], [CREATE], [CREATE]),
        ([ALL, {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}], [CREATE, PASS], []),
        ([], [], []),
    ],
)
def test_a_boundary_allows_nothing_and_bounds_all(
    bounds: Any, held: list[str], conditional: list[str]
) -> None:
    found = rights(ALL, bounds=bounds)
    assert (found["capabilities"], found["conditional"]) == (held, conditional)
    assert rights(bounds=bounds)["capabilities"] == []


def test_what_limits_a_right_is_told() -> None:
    denied = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": NEARBY}
    found = rights(RUN, denied, bounds=[RUN | {"Resource": "arn:x"}])
    where = 'if {"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}'
    assert found["restrictions"] == [
        f"{CREATE}: bound by the boundary on arn:x",
        f"{CREATE}: denied by policy 1 {where}",
    ]
    assert found["conditional_grants"] == [
        f"{CREATE} by policy 0: where no other policy denies it, within the boundary"
    ]


def test_users_and_roles_of_aws(aws: SimAws) -> None:
    found = rows(aws, "aws")
    assert {name: row["capabilities"] for name, row in found.items()} == {
        "ada": [CREATE, COPY, LOOSEN, SHARE],
        "bob": [CREATE],
        "dave": [COPY],
        "admin-ops": EVERYTHING,
        "deploy": EVERYTHING,
    }
    assert {name: row["conditional"] for name, row in found.items() if row["conditional"]} == {
        "bob": [CREATE],
        "deploy": [PASS],
    }
    assert found["ada"]["granted_by"] == [
        "policy arn:aws:iam::aws:policy/AmazonEC2FullAccess of group platform"
    ]
    assert found["deploy"]["trusted_principals"] == [
        f"AWS:arn:aws:iam::{ACCOUNT}:root with conditions"
    ]
    assert "RoleLastUsed" not in found["deploy"]["document"]
    assert aws.calls[ACCOUNT, "global", "GetAccountAuthorizationDetails"] > 5


@pytest.mark.parametrize("missing", ["policy", "group"])
def test_an_answer_that_lacks_what_it_refers_to_is_incomplete(
    missing: str, aws: SimAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = {"policy": "Policies", "group": "GroupDetailList"}[missing]
    listed = principals.listed

    def without(account: Any) -> Any:
        return [(name, item) for name, item in listed(account) if name != lacking]

    monkeypatch.setattr(principals, "listed", without)
    with pytest.raises(CollectError, match="lacks") as caught:
        rows(aws, "aws")
    assert (caught.value.status, caught.value.kind) == (Status.FAILED, "partial")


def test_principals_of_azure(azure: SimAzure) -> None:
    found = rows(azure, "azure")
    kinds = {name[:8]: (row["principal_kind"], row["capabilities"]) for name, row in found.items()}
    assert kinds == {
        "00000001": ("Group", EVERYTHING),
        "00000002": ("ServicePrincipal", EVERYTHING),
        "00000003": ("User", EVERYTHING),
        "00000004": ("ServicePrincipal", [COPY]),
    }
    limited = [name[:8] for name, row in found.items() if row["conditional"]]
    assert limited == ["00000003"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_role_that_the_subscription_does_not_list_is_read(is_there: bool) -> None:
    role = f"{BASE}/resourceGroups/Prod/providers/Microsoft.Authorization/roleDefinitions/R-1"
    held = {"roleDefinitionId": role, "principalId": "P-1", "scope": f"{BASE}/resourceGroups/Prod"}
    part = {"actions": ["MICROSOFT.compute/VIRTUALmachines/*"], "notActions": ["*/delete"]}

    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        if path.endswith("roleAssignments"):
            return value({"id": f"{BASE}/a", "properties": held})
        if path.endswith("roleDefinitions"):
            assert query["$filter"] == "atScopeAndBelow()"
            return value()
        if not is_there:
            return error("RoleDefinitionDoesNotExist", 404)
        return Reply({"id": role, "properties": {"roleName": "Ops", "permissions": [part]}})

    table = TABLES[NAMES["azure"]]
    with scope_of(script, instance_creators=True) as (scope, _):
        if is_there:
            (row,) = [table.transform(raw, scope.scope) for raw in table.fetch(scope)]
            assert (row["principal_id"], row["conditional"]) == ("p-1", [CREATE])
            assert row["granted_by"] == ["role Ops"]
        else:
            with pytest.raises(CollectError):
                list(table.fetch(scope))


def test_members_of_google_cloud(gcp: SimGcp) -> None:
    found = rows(gcp, "gcp")
    assert {name: row["capabilities"] for name, row in found.items()} == {
        "group:platform@example.com": [CREATE, COPY, LOOSEN],
        "serviceAccount:deploy@acme-one.iam.gserviceaccount.com": [CREATE, COPY, LOOSEN, PASS],
        "serviceAccount:backup-runner@acme-one.iam.gserviceaccount.com": [COPY],
        "user:ada@example.com": [LOOSEN],
    }
    assert found["user:ada@example.com"]["conditional_grants"] == [
        f"{LOOSEN} by roles/compute.securityAdmin: if request.time.getHours('UTC') < 18"
    ]
    assert gcp.calls["acme-one", "global", "iam.projects.roles.get"] == 1


def test_a_role_that_is_gone_gives_nothing(gcp: SimGcp) -> None:
    gcp.estate.projects["acme-one"].access.roles.clear()
    assert not [name for name in rows(gcp, "gcp") if "backup" in name]


def test_only_roles_need_the_wide_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def default(scopes: Any) -> Any:
        asked.append(scopes)
        return AnonymousCredentials(), "p"

    monkeypatch.setattr(session.google.auth, "default", default)
    for on in (False, True):
        config = Config.model_validate({"gcp": {"projects": ["p"], "instance_creators": on}})
        session.accounts(config, aws_login.quick())[0].open()
    assert [session.ROLES_SCOPE in scopes for scopes in asked] == [False, True]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_off_unless_it_is_asked_for(cloud: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(CollectError) as caught:
        rows(request.getfixturevalue(cloud), cloud, instance_creators=False)
    assert caught.value.status == Status.SKIPPED
    assert caught.value.hint == f"set {cloud}.instance_creators = true to read it"
    own = TABLES[NAMES[cloud]].permissions
    assert not set(own) & set(required(Config(), cloud))
    on = Config.model_validate({cloud: {"instance_creators": True}})
    assert set(own) <= set(required(on, cloud))
