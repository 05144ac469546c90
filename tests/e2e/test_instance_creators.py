"""Who may create instances, through the command line: a new right of each cloud is a finding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest

from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws, principals
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.azure import SimAzure, roles
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.azure.estate import ROLE_ASSIGNMENT
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from tests.e2e.conftest import Cli, read
from tests.harness import section

ACCOUNT = "111111111111"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ON = {"instance_creators": True}


@dataclass
class World:
    """An account, a subscription and a project whose principals are approved."""

    cli: Cli
    aws: SimAws
    azure: SimAzure
    gcp: SimGcp

    def found(self) -> dict[str, tuple[str, str, str]]:
        """Return query, verdict and severity of each finding, by the end of its resource."""
        code, document = self.cli.run()
        assert code in (0, 3), document["coverage"]
        return {
            f["resource_id"].rpartition("/")[2]: (f["query_id"], f["verdict"], f["severity"])
            for f in document["findings"]
        }


@pytest.fixture
def world(cli: Cli) -> Iterator[World]:
    estate = aws_estate(accounts=(ACCOUNT,), regions=("us-east-1",), instances=4)
    aws = SimAws(estate, page_size=20)
    azure, gcp = SimAzure(azure_estate(machines=4)), SimGcp(gcp_estate(instances=4))
    with aws, azure, gcp:
        cli.environment.update(aws.environment())
        cli.configure(
            '[run]\nmax_attempts = 2\ntables = ["*_instance_creators"]\n'
            + section("aws", {"regions": ["us-east-1"], **ON})
            + section("azure", {**azure.configuration(), **ON})
            + section("gcp", {**gcp.configuration(), **ON})
        )
        assert cli.run()[0] == 4
        assert cli("baseline", "approve", "--reason", "all of it", "--yes").returncode == 0
        yield World(cli, aws, azure, gcp)


def test_new_principals_and_wider_rights_are_found(world: World) -> None:
    assert world.found() == {}
    account = world.aws.estate.accounts[ACCOUNT]
    principals.add_user(account, "eve", attached=[ADMIN])
    account.users["dave"].pop("PermissionsBoundary")
    account.users["bob"]["UserPolicyList"] = []
    principals.add_user(account, "nobody", attached=["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    (subscription,) = world.azure.estate.subscriptions.values()
    for name, role in (("00000003", roles.CONTRIBUTOR), ("00000009", roles.SNAPSHOTS)):
        made = roles.assignment(subscription.id, f"/subscriptions/{subscription.id}", role, name)
        subscription.lists[ROLE_ASSIGNMENT].add(made["id"].lower(), made)
    (project,) = world.gcp.estate.projects.values()
    project.access.bindings[-2].pop("condition")
    project.access.roles["snapshotter"].append("compute.instances.create")
    project.access.bindings[0]["members"].append("user:eve@example.com")
    tail = "0000-4000-8000-000000000000"
    backup = f"serviceAccount:backup-runner@{project.id}.iam.gserviceaccount.com"
    added, widened, changed = (
        "instance_creator_added",
        "instance_creator_widened",
        "setting_changed",
    )
    assert world.found() == {
        "eve": (added, "NEW", "high"),
        "dave": (changed, "LOOSENED", "high"),
        f"00000003-{tail}": (widened, "LOOSENED", "high"),
        f"00000009-{tail}": (added, "NEW", "medium"),
        "user:ada@example.com": (widened, "LOOSENED", "medium"),
        backup: (changed, "LOOSENED", "high"),
        "user:eve@example.com": (added, "NEW", "high"),
    }


def test_what_is_denied_or_cut_is_a_gap_and_no_finding(world: World) -> None:
    world.aws.inject(Fault("repeat_token", action="GetAccountAuthorizationDetails"))
    world.azure.inject(Fault("deny", action="Microsoft.Authorization/roleDefinitions"))
    world.gcp.inject(Fault("deny", action="iam.roles.get"))
    code, document = world.cli.run()
    assert code == 4
    assert {(c["cloud"], c["status"]) for c in read(document)} == {
        ("aws", "truncated"),
        ("azure", "denied"),
        ("gcp", "denied"),
    }
    assert {f["query_id"] for f in document["findings"]} <= {"coverage_lost"}
    doctor = world.cli("doctor")
    assert doctor.returncode == 4
    assert "Microsoft.Authorization/roleDefinitions/read" in doctor.stdout
    assert "iam.roles.get" in doctor.stdout


def test_a_simulated_aws_of_others_is_read_as_well(cli: Cli, moto_url: str) -> None:
    region = "eu-west-1"
    cli.environment = {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    iam = boto3.client(
        "iam",
        endpoint_url=moto_url,
        region_name=region,
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    iam.create_group(GroupName="g")
    for name in ("in-group", "alone"):
        iam.create_user(UserName=name)
    iam.add_user_to_group(GroupName="g", UserName="in-group")
    runs = {"Effect": "Allow", "Action": "ec2:Run*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [runs]})
    iam.put_group_policy(GroupName="g", PolicyName="run", PolicyDocument=policy)
    cli.configure(
        '[run]\ntables = ["*_instance_creators"]\n' + section("aws", {"regions": [region], **ON})
    )
    assert cli.run()[0] == 4
    asked = "SELECT name, capabilities, granted_by FROM aws_iam_instance_creators"
    assert cli.json("query", asked) == [
        {
            "name": "in-group",
            "capabilities": ["create_instances"],
            "granted_by": ["inline policy run of group g"],
        }
    ]
