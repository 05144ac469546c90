"""Each fault looks to boto3 like the failure it stands for."""

from __future__ import annotations

import threading
import time

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    PaginationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import IncompleteRead, ProtocolError

from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws

CUT = (ResponseParserError, IncompleteRead, ProtocolError, ConnectionClosedError)


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("deny", "UnauthorizedOperation", 403),
        ("throttle", "RequestLimitExceeded", 503),
        ("unavailable", "InternalError", 500),
        ("expired", "ExpiredToken", 400),
    ],
)
def test_refusals(cloud: SimAws, connect, kind, code, status):
    cloud.inject(Fault(kind, action="DescribeVolumes"))
    ec2 = connect()
    with pytest.raises(ClientError) as raised:
        ec2.describe_volumes()
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    ec2.describe_snapshots()


def test_refusals_in_the_words_of_other_services(cloud: SimAws, connect):
    cloud.inject(Fault("deny"))
    with pytest.raises(ClientError, match="AccessDenied"):
        connect("sts").get_caller_identity()
    with pytest.raises(ClientError, match="AccessDeniedException"):
        connect("organizations").list_accounts()


def test_code_and_status_can_be_chosen(cloud: SimAws, connect):
    cloud.inject(Fault("deny", code="OptInRequired", status=401))
    with pytest.raises(ClientError) as raised:
        connect().describe_volumes()
    assert raised.value.response["Error"]["Code"] == "OptInRequired"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("close", ConnectionClosedError),
        ("cut", CUT),
        ("malformed", ResponseParserError),
        ("html", ResponseParserError),
    ],
)
def test_broken_answers(cloud: SimAws, connect, kind, error):
    cloud.inject(Fault(kind, times=1))
    ec2 = connect()
    with pytest.raises(error):
        ec2.describe_instances()
    assert ec2.describe_instances()["Reservations"]


@pytest.mark.parametrize("kind", ["stall", "stall_body"])
def test_stall(cloud: SimAws, connect, kind):
    cloud.inject(Fault(kind, seconds=60, times=1))
    ec2 = connect()
    with pytest.raises(ReadTimeoutError):
        ec2.describe_instances()
    assert ec2.describe_instances()["Reservations"]


def test_delay_and_latency(cloud: SimAws, connect):
    ec2 = connect()
    ec2.describe_regions()
    cloud.inject(Fault("delay", seconds=0.2), Fault("deny", region="eu-west-1"))
    started = time.monotonic()
    ec2.describe_regions()
    assert time.monotonic() - started >= 0.2
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        connect(region="eu-west-1").describe_regions()
    cloud.inject()
    cloud.latency = 0.1
    started = time.monotonic()
    ec2.describe_regions()
    assert time.monotonic() - started >= 0.1


def test_repeated_token(cloud: SimAws, connect):
    cloud.inject(Fault("repeat_token", action="DescribeInstances"))
    pages = (
        connect().get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 50})
    )
    with pytest.raises(PaginationError, match="same next token"):
        list(pages)


def test_a_body_that_trickles_comes_whole(cloud: SimAws, connect):
    cloud.inject(Fault("trickle", seconds=0.5))
    started = time.monotonic()
    assert connect().describe_regions()["Regions"]
    assert time.monotonic() - started >= 0.4


def test_small_pages_and_a_dropped_token(connect, cloud: SimAws, monkeypatch):
    with SimAws(cloud.estate, page_size=50) as small:
        monkeypatch.setenv("AWS_ENDPOINT_URL", small.url)
        pager = connect().get_paginator("describe_instances")
        assert len(list(pager.paginate())) == 3
        small.inject(Fault("drop_token", action="DescribeInstances", skip=1))
        assert len(list(pager.paginate())) == 2


def test_skip_reaches_the_second_page(cloud: SimAws, connect):
    cloud.inject(Fault("deny", action="DescribeInstances", skip=1, times=1))
    ec2 = connect()
    token = ec2.describe_instances(MaxResults=5)["NextToken"]
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2.describe_instances(MaxResults=5, NextToken=token)
    assert ec2.describe_instances(MaxResults=5, NextToken=token)["NextToken"]


def test_a_rule_is_about_its_account_and_region(cloud: SimAws, connect):
    cloud.inject(Fault("deny", region="eu-west-1"), Fault("throttle", account="222222222222"))
    connect().describe_volumes()
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        connect(region="eu-west-1").describe_volumes()
    keys = {"aws_access_key_id": "AKIA222222222222", "aws_secret_access_key": "x"}
    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        connect(**keys).describe_volumes()
    assert cloud.calls == {
        ("111111111111", "us-east-1", "DescribeVolumes"): 1,
        ("111111111111", "eu-west-1", "DescribeVolumes"): 1,
        ("222222222222", "us-east-1", "DescribeVolumes"): 1,
    }


def test_a_fault_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="there is no fault 'dney'"):
        Fault("dney")


def test_nothing_is_left_behind(connect, cloud: SimAws, monkeypatch):
    others = set(threading.enumerate())
    with SimAws(cloud.estate) as stalled:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stalled.url)
        stalled.inject(Fault("stall", seconds=60))
        with pytest.raises(ReadTimeoutError):
            connect().describe_regions()
        assert set(threading.enumerate()) - others
    assert not set(threading.enumerate()) - others
    with pytest.raises(RuntimeError):
        stalled.url  # noqa: B018
