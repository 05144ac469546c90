"""The unchanged Azure SDK, and a plain HTTP client, pointed at a simulated Azure."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

FIRST = "11111111-1111-1111-1111-111111111111"
SECOND = "22222222-2222-2222-2222-222222222222"
PLACES = ("eastus", "westeurope")
ONCE = {"retry_total": 0, "read_timeout": 2, "connection_timeout": 2}


class Nobody:
    """A credential whose token is never sent."""

    def get_token(self, *scopes, **options):
        return AccessToken("none", int(time.time()) + 3600)

    def get_token_info(self, *scopes, **options):
        return AccessTokenInfo("none", int(time.time()) + 3600)


class Sdk:
    """One client per service and subscription; all are closed at the end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opened: list[Any] = []

    def compute(self, subscription: str = FIRST, **options: Any) -> ComputeManagementClient:
        return self._open(ComputeManagementClient, subscription, **options)

    def network(self, subscription: str = FIRST, **options: Any) -> NetworkManagementClient:
        return self._open(NetworkManagementClient, subscription, **options)

    def monitor(self, subscription: str = FIRST, **options: Any) -> MonitorManagementClient:
        return self._open(MonitorManagementClient, subscription, **options)

    def subscriptions(self) -> SubscriptionClient:
        return self._open(SubscriptionClient)

    def _open(self, kind: Any, *subscription: str, **options: Any) -> Any:
        made = kind(
            Nobody(),
            *subscription,
            base_url=self.url,
            authentication_policy=SansIOHTTPPolicy(),
            **(ONCE | options),
        )
        self.opened.append(made)
        return made


class Raw:
    """Requests without an SDK: what a caller sees on the wire."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any, Any]:
        """Return status, body and headers; a path without scheme gets an api-version."""
        if "://" not in path:
            path = f"{self.url}{path}{'&' if '?' in path else '?'}api-version=2026-01-01"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.load(answer), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), error.headers

    def get(self, path: str) -> Any:
        status, body, _ = self.send(path)
        assert status == 200, body
        return body

    def pages(self, path: str) -> list[list[Any]]:
        """Return all pages of a list."""
        found, link = [], path
        while link:
            body = self.get(link)
            found.append(body["value"])
            link = body.get("nextLink")
        return found

    def all(self, path: str) -> list[Any]:
        """Return everything that a list has."""
        return [item for page in self.pages(path) for item in page]

    def error(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, str]:
        """Return status and code of a refusal."""
        status, answer, _ = self.send(path, method, body)
        return status, answer["error"]["code"]
