"""Who may call: access keys, assumed roles, the organisation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from auditor.simcloud.aws import SimAws, generate

ARN = "arn:aws:iam::{}:role/audit-reader"


def assume(sts, account, external_id="shared-secret"):
    answer = sts.assume_role(
        RoleArn=ARN.format(account), RoleSessionName="audit", ExternalId=external_id
    )
    keys = answer["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def owner(ec2):
    return ec2.describe_instances(MaxResults=5)["Reservations"][0]["OwnerId"]


def test_a_role_leads_into_the_other_account(cloud: SimAws, connect):
    sts = connect("sts")
    assert sts.get_caller_identity()["Account"] == "111111111111"
    keys = assume(sts, "222222222222")
    other = connect("sts", **keys).get_caller_identity()
    assert other["Arn"] == "arn:aws:sts::222222222222:assumed-role/audit-reader/audit"
    assert owner(connect()) == "111111111111"
    assert owner(connect(**keys)) == "222222222222"
    assert cloud.calls["222222222222", "us-east-1", "DescribeInstances"] == 1


@pytest.mark.parametrize(
    ("account", "external_id"), [("222222222222", "wrong"), ("999999999999", "shared-secret")]
)
def test_a_role_that_does_not_trust_is_denied(connect, account, external_id):
    with pytest.raises(ClientError) as raised:
        assume(connect("sts"), account, external_id)
    assert raised.value.response["Error"]["Code"] == "AccessDenied"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_unknown_keys(connect):
    keys = {"aws_access_key_id": "AKIA999999999999", "aws_secret_access_key": "x"}
    for service, call, code in [
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("ec2", "describe_instances", "AuthFailure"),
        ("organizations", "list_accounts", "UnrecognizedClientException"),
    ]:
        with pytest.raises(ClientError) as raised:
            getattr(connect(service, **keys), call)()
        assert raised.value.response["Error"]["Code"] == code


def test_sessions_expire(cloud: SimAws, connect):
    keys = assume(connect("sts"), "222222222222")
    identities = cloud._dispatcher.identities
    session = identities._sessions[keys["aws_access_key_id"]]
    past = datetime(2020, 1, 1, tzinfo=UTC)
    identities._sessions[keys["aws_access_key_id"]] = replace(session, expires=past)
    with pytest.raises(ClientError, match="RequestExpired"):
        connect(**keys).describe_instances()
    with pytest.raises(ClientError, match="ExpiredToken"):
        connect("sts", **keys).get_caller_identity()


def test_the_management_account_lists_accounts_in_pages(connect, monkeypatch):
    with SimAws(generate(accounts=45, instances=0)) as cloud:
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        organizations = connect("organizations")
        pages = [
            [account["Id"] for account in page["Accounts"]]
            for page in organizations.get_paginator("list_accounts").paginate()
        ]
        assert [id_ for page in pages for id_ in page] == list(cloud.estate.accounts)
        assert [len(page) for page in pages] == [20, 20, 5]
        with pytest.raises(ClientError, match="InvalidInputException"):
            organizations.list_accounts(NextToken="x")


def test_other_accounts_do_not_list_accounts(connect):
    keys = assume(connect("sts"), "222222222222")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        connect("organizations", **keys).list_accounts()
