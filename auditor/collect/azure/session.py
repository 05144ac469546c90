"""Azure subscriptions: which there are, how to log in to them, and how to send a request.

The SDK is opened here and nowhere else: its pipeline, its transport and its credentials. The
pipeline does not retry (`retry.py` does), does not log, and has no policy that registers
resource providers, which would be a change of the subscription.
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import orjson
from azure.core import PipelineClient
from azure.core.exceptions import DecodeError, HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from requests.adapters import HTTPAdapter

from auditor import __version__
from auditor.collect.azure import versions
from auditor.collect.azure.credentials import credential_for
from auditor.collect.azure.errors import classify
from auditor.collect.azure.scope import Answer, AzureScope
from auditor.collect.context import CollectContext
from auditor.config import Config, on_loopback
from auditor.errors import CollectError
from auditor.model import Scope, Status

__all__ = ["Account", "AzureScope", "accounts", "classify", "permissions"]

CONNECTIONS = 64
"""Pooled connections per subscription: several tables, eight calls at once each."""

ENDPOINTS = {
    "public": "https://management.azure.com",
    "china": "https://management.chinacloudapi.cn",
    "usgov": "https://management.usgovcloudapi.net",
}
"""The resource manager of each Azure cloud."""

TOKEN_SCOPES = {
    "public": "https://management.azure.com/.default",
    "china": "https://management.chinacloudapi.cn/.default",
    "usgov": "https://management.core.usgovcloudapi.net/.default",
}
"""What a token is asked for; a base_url changes where it goes, not what it is for."""

_CLOSED = ("disabled", "deleted")
_OK = 200


def accounts(config: Config, context: CollectContext) -> list[Account]:
    """Return the subscriptions to read: configured, or all that the credentials see.

    Raises `CollectError` where they cannot be listed, or where there is none.
    """
    toolbox = _Toolbox(config, context)
    listed = list(dict.fromkeys(name.lower() for name in config.azure.subscriptions))
    if not listed:
        listed = _enabled(toolbox)
    return [Account(subscription, toolbox) for subscription in listed]


def permissions(config: Config) -> list[str]:  # noqa: ARG001  # the same for each configuration
    """Return what finding the subscriptions needs, besides the tables' own."""
    return ["Microsoft.Resources/subscriptions/read"]


class _Toolbox:
    """What the subscriptions of one run share: configuration, context and credential."""

    def __init__(self, config: Config, context: CollectContext) -> None:
        self.config = config
        self.context = context
        self.endpoint = (config.azure.base_url or ENDPOINTS[config.azure.cloud]).rstrip("/")
        self._lock = threading.Lock()
        self._credential: Any = None

    @property
    def is_local(self) -> bool:
        """Whether requests go over plain http to this machine, without a credential."""
        return urlsplit(self.endpoint).scheme == "http" and on_loopback(self.endpoint)

    def authentication(self) -> Any:
        """Return the policy that puts a token into each request, or none on loopback."""
        if self.is_local:
            return SansIOHTTPPolicy()
        with self._lock:
            if self._credential is None:
                azure = self.config.azure
                self._credential = credential_for(azure.cloud, azure.tenant_id)
        return ARMChallengeAuthenticationPolicy(
            self._credential, TOKEN_SCOPES[self.config.azure.cloud]
        )


class _Login:
    """Access to the resource manager for one subscription, under one label."""

    def __init__(self, label: str, toolbox: _Toolbox) -> None:
        self.label = label
        self.endpoint = toolbox.endpoint
        self._toolbox = toolbox
        self._lock = threading.Lock()
        self._client: PipelineClient[Any, Any] | None = None

    def ask(self, method: str, target: str, body: Answer | None) -> Answer:
        """Send one request, once; raises an SDK error unless the answer is a JSON object."""
        request = HttpRequest(
            method, self.endpoint + target, json=body, headers={"accept": "application/json"}
        )
        response = self._pipeline().send_request(request)
        if response.status_code != _OK:
            raise HttpResponseError(response=response)
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError as exc:
            raise DecodeError("the answer is no JSON", response=response) from exc
        if not isinstance(answer, dict):
            raise DecodeError("the answer is no JSON object", response=response)
        return answer

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _pipeline(self) -> PipelineClient[Any, Any]:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> PipelineClient[Any, Any]:
        context = self._toolbox.context
        # NOTE: a proxy of the environment must not see what is meant for this machine.
        transport = RequestsTransport(
            connection_timeout=context.connect_timeout,
            read_timeout=context.read_timeout,
            use_env_settings=not self._toolbox.is_local,
        )
        transport.open()
        for scheme in ("https://", "http://"):
            transport.session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=0))
        agent = UserAgentPolicy(base_user_agent=f"cloud-baseline-auditor/{__version__}")
        policies = [agent, self._toolbox.authentication()]
        return PipelineClient(self.endpoint, policies=policies, transport=transport)


class Account:
    """One subscription: `open()` checks it, `scopes()` hands it to the engine."""

    cloud = "azure"

    def __init__(self, subscription: str, toolbox: _Toolbox) -> None:
        self.account_id: str | None = subscription
        self.label = f"subscription {subscription}"
        """The subscription in words for a person."""
        self._toolbox = toolbox
        self._login = _Login(self.label, toolbox)
        azure = toolbox.config.azure
        self._scope = AzureScope(
            Scope("azure", subscription, "global"),
            self._login,
            toolbox.context,
            instance_attributes=azure.instance_attributes,
            instance_creators=azure.instance_creators,
            activity_log=azure.activity_log,
        )

    def open(self) -> None:
        """Check that the subscription exists and is enabled; raises `CollectError`."""
        answer = self._scope.get("", versions.SUBSCRIPTIONS)
        if str(answer.get("subscriptionId", "")).lower() != self.account_id:
            raise CollectError(
                f"{self.label}: the endpoint answers with another subscription",
                status=Status.FAILED,
                kind="malformed",
                hint="check azure.base_url",
            )
        state = str(answer.get("state", ""))
        if state.lower() in _CLOSED:
            raise CollectError(
                f"{self.label} is in the state {state}",
                status=Status.DISABLED,
                kind="disabled",
                hint="enable the subscription, or leave it out of azure.subscriptions",
            )

    def scopes(self, *, regional: bool) -> list[AzureScope]:  # noqa: ARG002  # there is only one
        """Return the one scope: Azure lists a subscription as a whole."""
        return [self._scope]

    def close(self) -> None:
        """Close the connections of the subscription."""
        self._login.close()


def _enabled(toolbox: _Toolbox) -> list[str]:
    """List the subscriptions that the credentials see, without those that are closed."""
    login = _Login("the default credentials", toolbox)
    scope = AzureScope(Scope("azure", "*", "global"), login, toolbox.context)
    try:
        found = sorted(
            str(raw["subscriptionId"]).lower()
            for raw in scope.pages("/subscriptions", versions.SUBSCRIPTIONS)
            if str(raw.get("state", "")).lower() not in _CLOSED
        )
    finally:
        login.close()
    if not found:
        raise CollectError(
            "the credentials see no subscription that is enabled",
            status=Status.DENIED,
            kind="denied",
            hint="assign the role of `audit permissions azure`, or check azure.tenant_id",
        )
    return found
