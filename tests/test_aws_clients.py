"""All accounts share the SDK's clients, and none ever gets to see what belongs to another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError

from auditor.collect.aws.clients import Toolbox
from auditor.collect.aws.credentials import call_as
from auditor.collect.aws.session import accounts
from auditor.config import Config
from auditor.simcloud.aws import SimAws, generate
from tests.aws_login import quick, use_environment

NUMBERS = ("111111111111", "222222222222", "333333333333")
REGIONS = ("us-east-1", "eu-west-1")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    use_environment(monkeypatch, tmp_path)
    with SimAws(generate(accounts=NUMBERS, regions=REGIONS, instances=1)) as cloud:
        for name, value in cloud.environment().items():
            monkeypatch.setenv(name, value)
        organization = {"role_name": "audit-reader"}
        yield Config.model_validate(
            {"aws": {"organization": organization, "endpoint_url": cloud.url}}
        )


def test_each_call_is_made_by_its_own_account(settings: Config) -> None:
    opened = accounts(settings, quick())
    for account in opened:
        account.open()
    asked = [scope for account in opened for scope in account.scopes(regional=True)] * 8
    with ThreadPoolExecutor(12) as pool:
        answers = pool.map(lambda scope: scope.call("DescribeVpcs")["Vpcs"], asked)
        owners = [{vpc["OwnerId"] for vpc in answer} for answer in answers]
    assert owners == [{scope.scope.account_id} for scope in asked]
    for account in opened:
        account.close()


def test_accounts_share_one_client_per_region_and_service(settings: Config) -> None:
    toolbox = Toolbox(settings, quick())
    client = toolbox.client(None, "ec2", "us-east-1")
    assert toolbox.client(None, "ec2", "us-east-1") is client
    assert toolbox.client(None, "ec2", "eu-west-1") is not client


def test_a_call_that_is_nobodys_is_not_sent(settings: Config) -> None:
    client = Toolbox(settings, quick()).client(None, "sts", "us-east-1")
    with pytest.raises(NoCredentialsError):
        client.get_caller_identity()
    keys = Credentials(f"AKIA{NUMBERS[1]}", "s")
    assert call_as(keys, client.get_caller_identity)["Account"] == NUMBERS[1]
    with pytest.raises(NoCredentialsError):
        call_as(None, client.get_caller_identity)
    with pytest.raises(NoCredentialsError):
        client.get_caller_identity()
