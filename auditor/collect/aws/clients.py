"""Clients of the SDK: one per profile, region and service, whatever the number of accounts.

The SDK is opened here and nowhere else. Its clients do not retry (`retry.py` does). Making one
takes tens of milliseconds, and it holds a megabyte or more and its own connections; the service
models are loaded once, since each of them takes half a second to read.
"""

from __future__ import annotations

import threading
from typing import Any, cast

import boto3
import botocore
from botocore import xform_name
from botocore.config import Config as SdkConfig
from botocore.loaders import create_loader
from botocore.session import Session as SdkSession
from botocore.utils import parse_timestamp

from auditor import __version__
from auditor.collect.aws.answers import EVENT, AnswerReader
from auditor.collect.aws.credentials import share
from auditor.collect.aws.scope import Method
from auditor.collect.context import CollectContext
from auditor.config import Config

CONNECTIONS = 32
"""Connections that each client keeps for the next call; further ones are closed after theirs."""


class Toolbox:
    """What the accounts of one run share: configuration, sessions, and clients."""

    def __init__(self, config: Config, context: CollectContext) -> None:
        self.config = config
        self.context = context
        # NOTE: neither making a client nor loading a model is safe in several threads at once.
        self.lock = threading.RLock()
        self._loader = create_loader()
        self._answers = AnswerReader(parse_timestamp)
        self._sessions: dict[str | None, SdkSession] = {}
        self._sharing: dict[str | None, SdkSession] = {}
        self._clients: dict[tuple[str | None, str, str], Any] = {}
        self._methods: dict[tuple[str | None, str, str, str], Method] = {}
        self._options = SdkConfig(
            connect_timeout=context.connect_timeout,
            read_timeout=context.read_timeout,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
            # NOTE: the SDK's own text would be put together anew for each call, twice.
            user_agent=f"cloud-baseline-auditor/{__version__} Botocore/{botocore.__version__}",
        )

    def session(self, profile: str | None) -> SdkSession:
        """Return the SDK session of a profile, which has the profile's own credentials."""
        with self.lock:
            if profile not in self._sessions:
                self._sessions[profile] = self._new_session(profile)
            return self._sessions[profile]

    def method(self, profile: str | None, region: str, service: str, operation: str) -> Method:
        """Return the method of a shared client; every call of it goes through `call_as`."""
        key = (profile, region, service, operation)
        found = self._methods.get(key)
        if found is None:
            client = self.client(profile, service, region)
            found = self._methods[key] = cast(Method, getattr(client, xform_name(operation)))
        return found

    def client(self, profile: str | None, service: str, region: str) -> Any:
        """Return the client of a service in a region; makes it at the first use."""
        key = (profile, service, region)
        with self.lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    def _new_session(self, profile: str | None) -> SdkSession:
        session = SdkSession(profile=profile)
        session.register_component("data_loader", self._loader)
        return session

    def _new_client(self, profile: str | None, service: str, region: str) -> Any:
        if profile not in self._sharing:
            self._sharing[profile] = share(self._new_session(profile))
        # NOTE: the stubs know one overload per service name, not a name in a variable.
        client = cast(Any, boto3.Session(botocore_session=self._sharing[profile])).client(
            service,
            region_name=region,
            config=self._options,
            endpoint_url=self.config.aws.endpoint_url,
        )
        client.meta.events.register(EVENT, self._answers)
        return client
