"""Logs in to the scripted AWS of `aws_stub.py`."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader

from auditor.collect.aws.session import Account, accounts
from auditor.collect.backoff import RETRIED
from auditor.collect.context import CollectContext
from auditor.config import Config
from tests.aws_stub import Stub


@cache
def shared_loader() -> Any:
    return create_loader()


def use_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # NOTE: reading the service models and waiting is most of what these tests would do.
    monkeypatch.setattr("auditor.collect.aws.clients.create_loader", shared_loader)
    monkeypatch.setitem(RETRIED, "throttled", 0.02)


def quick(seconds: float = 60.0, attempts: int = 3) -> CollectContext:
    return CollectContext(
        deadline=time.monotonic() + seconds,
        connect_timeout=2.0,
        read_timeout=2.0,
        max_attempts=attempts,
    )


def config(stub: Stub, **aws: Any) -> Config:
    aws.setdefault("regions", ["eu-west-1"])
    return Config.model_validate({"aws": {"endpoint_url": stub.url, **aws}})


def opened(stub: Stub, context: CollectContext, **aws: Any) -> Account:
    (account,) = accounts(config(stub, **aws), context)
    account.open()
    return account
