"""Simulated clouds and the unchanged SDKs pointed at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.loaders import Loader

from auditor.simcloud.aws import SimAws, generate
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as generate_gcp

ONE_TRY = Config(
    retries={"total_max_attempts": 1, "mode": "standard"},
    connect_timeout=2,
    read_timeout=2,
    max_pool_connections=2,
)
ACCOUNTS = ("111111111111", "222222222222")
REGIONS = ("us-east-1", "eu-west-1")
PROJECTS = ("acme-one", "acme-two")

Connect = Callable[..., Any]


@pytest.fixture
def cloud() -> Iterator[SimAws]:
    estate = generate(
        accounts=ACCOUNTS, regions=REGIONS, instances=120, seed=7, external_id="shared-secret"
    )
    with SimAws(estate) as running:
        yield running


@pytest.fixture(scope="session")
def loader() -> Loader:
    """Read the service models of boto3 once; they take longer than most tests."""
    return botocore.session.get_session().get_component("data_loader")


@pytest.fixture
def connect(cloud: SimAws, loader: Loader, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Make clients from nothing but the environment; closes them at the end."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    core = botocore.session.get_session()
    core.register_component("data_loader", loader)
    session = boto3.session.Session(botocore_session=core)
    clients = []

    def client(service: str = "ec2", region: str = "us-east-1", **keys: str) -> Any:
        clients.append(session.client(service, region_name=region, config=ONE_TRY, **keys))
        return clients[-1]

    yield client
    for opened in clients:
        opened.close()


@pytest.fixture
def gcp() -> Iterator[SimGcp]:
    estate = generate_gcp(projects=PROJECTS, instances=120, seed=7)
    with SimGcp(estate) as running:
        yield running


@pytest.fixture(scope="session")
def compute_v1() -> Any:
    """Import the SDK once, and only for the tests that need it: it takes seconds."""
    from google.cloud import compute_v1

    return compute_v1


@pytest.fixture
def compute(gcp: SimGcp, compute_v1: Any) -> Iterator[Connect]:
    """Make Compute clients, such as of `Instances`, without credentials; closes them at the end."""
    from google.auth.credentials import AnonymousCredentials

    clients = []

    def client(kind: str) -> Any:
        options = {"api_endpoint": gcp.url}
        made = getattr(compute_v1, f"{kind}Client")
        clients.append(made(credentials=AnonymousCredentials(), client_options=options))
        return clients[-1]

    yield client
    for opened in clients:
        opened.transport.close()
