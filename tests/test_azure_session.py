"""Logging in to Azure: which subscriptions there are, endpoints, credentials, API versions."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.mgmt.compute.operations import _operations as compute
from azure.mgmt.monitor.operations import _activity_logs_operations as monitor
from azure.mgmt.network.operations import _operations as network
from azure.mgmt.resource.subscriptions import SubscriptionClient

from auditor.collect.azure import credentials, session, versions
from auditor.collect.azure.session import accounts, permissions
from auditor.config import Config, load_config
from auditor.errors import CollectError, ConfigError
from auditor.model import Status
from tests.azure_stub import BASE, SUBSCRIPTION, Reply, config, error, quick, serve, value

OTHER = "00000000-0000-0000-0000-0000000000bb"


def subscription(number: str = SUBSCRIPTION, state: str = "Enabled") -> dict[str, str]:
    return {"id": f"/subscriptions/{number}", "subscriptionId": number, "state": state}


def test_configured_subscriptions_are_opened() -> None:
    with serve(lambda *_: Reply(subscription(SUBSCRIPTION.upper()))) as stub:
        (account,) = accounts(config(stub.url, subscriptions=[SUBSCRIPTION.upper()] * 2), quick())
        assert (account.cloud, account.account_id) == ("azure", SUBSCRIPTION)
        account.open()
        for regional in (True, False):
            assert [s.id() for s in account.scopes(regional=regional)] == [
                f"azure/{SUBSCRIPTION}/global"
            ]
        account.close()
        assert stub.calls == {BASE: 1}
        assert not [request for request in stub.requests if "authorization" in request]


def test_all_open_subscriptions_are_listed() -> None:
    def script(method: str, path: str, query: dict[str, str], body: Any) -> Reply:
        assert (path, query["api-version"]) == ("/subscriptions", versions.SUBSCRIPTIONS)
        if "page" not in query:
            gone = subscription("00000000-0000-0000-0000-0000000000cc", "Disabled")
            return value(
                subscription(OTHER),
                gone,
                link="https://x.test/subscriptions?page=2&api-version=2022-12-01",
            )
        return value(subscription(SUBSCRIPTION, "Warned"))

    with serve(script) as stub:
        found = accounts(config(stub.url, subscriptions=[]), quick())
    assert [account.account_id for account in found] == [SUBSCRIPTION, OTHER]


def test_no_subscription_is_an_error() -> None:
    with serve(lambda *_: value()) as stub, pytest.raises(CollectError) as caught:
        accounts(config(stub.url, subscriptions=[]), quick())
    assert caught.value.status == Status.DENIED


@pytest.mark.parametrize(
    ("reply", "status", "kind"),
    [
        (error("SubscriptionNotFound", 404), Status.DISABLED, "disabled"),
        (error("AuthorizationFailed", 403), Status.DENIED, "denied"),
        (error("InvalidAuthenticationToken", 401), Status.DENIED, "credentials"),
        (Reply(subscription(OTHER)), Status.FAILED, "malformed"),
        (Reply({**subscription(), "state": "Disabled"}), Status.DISABLED, "disabled"),
    ],
)
def test_a_subscription_that_cannot_be_opened(reply: Reply, status: Status, kind: str) -> None:
    with serve(lambda *_: reply) as stub:
        (account,) = accounts(config(stub.url), quick())
        with pytest.raises(CollectError) as caught:
            account.open()
        account.close()
    assert (caught.value.status, caught.value.kind) == (status, kind)
    assert "secret" not in caught.value.message


def test_nobody_listening_is_told_with_the_endpoint() -> None:
    with serve(lambda *_: value()) as stub:
        url = stub.url
    (account,) = accounts(config(url), quick())
    with pytest.raises(CollectError) as caught:
        account.open()
    assert caught.value.kind == "unavailable" and url in caught.value.message


class Credential:
    def __init__(self) -> None:
        self.asked: list[Any] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        return AccessToken("t", int(time.time()) + 3600)

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        self.asked.append((scopes, dict(options or {})))
        return AccessTokenInfo("t", int(time.time()) + 3600)


def test_https_endpoint_that_speaks_no_tls_is_told_with_the_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A custom https endpoint keeps the login, and its certificate is checked."""
    credential = Credential()
    monkeypatch.setattr(session, "credential_for", lambda *_: credential)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=answer_plainly, args=(server,), daemon=True).start()
        (account,) = accounts(config(url, cloud="usgov"), quick(attempts=1))
        with pytest.raises(CollectError) as caught:
            account.open()
        account.close()
    assert url in caught.value.message and "certificate" in (caught.value.hint or "")
    assert credential.asked[0][0] == (session.TOKEN_SCOPES["usgov"],)


def answer_plainly(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 no\r\n\r\n")


def test_token_of_a_configured_tenant() -> None:
    inner = Credential()
    bound = credentials.TenantCredential(inner, "t-1")
    bound.get_token("scope", claims="c")
    bound.get_token_info("scope", options={"claims": "c"})
    assert inner.asked == [(("scope",), {"tenant_id": "t-1", "claims": "c"})] * 2


def test_default_credentials_are_made_for_every_cloud() -> None:
    for cloud in session.ENDPOINTS:
        assert credentials.credential_for(cloud, None)
        assert isinstance(credentials.credential_for(cloud, "t"), credentials.TenantCredential)
    assert session.ENDPOINTS.keys() == session.TOKEN_SCOPES.keys() == credentials.AUTHORITIES.keys()


def test_clouds_have_the_endpoints_of_the_sdk() -> None:
    from azure.core import AzureClouds
    from azure.mgmt.core.tools import get_arm_endpoints

    for cloud, name in (
        ("public", AzureClouds.AZURE_PUBLIC_CLOUD),
        ("china", AzureClouds.AZURE_CHINA_CLOUD),
        ("usgov", AzureClouds.AZURE_US_GOVERNMENT),
    ):
        known = get_arm_endpoints(name)
        assert session.ENDPOINTS[cloud] == known["resource_manager"].rstrip("/")
        assert [session.TOKEN_SCOPES[cloud]] == known["credential_scopes"]


def test_api_versions_are_those_of_the_sdk() -> None:
    def version(request: Any) -> str:
        return str(request.url.partition("api-version=")[2].partition("&")[0])

    s = "subscription"
    assert version(compute.build_virtual_machines_list_all_request(s)) == versions.COMPUTE
    assert version(compute.build_virtual_machine_scale_sets_list_all_request(s)) == versions.COMPUTE
    assert version(compute.build_images_list_request(s)) == versions.COMPUTE
    assert version(compute.build_disks_list_request(s)) == versions.DISKS
    assert version(compute.build_snapshots_list_request(s)) == versions.DISKS
    assert version(compute.build_galleries_list_request(s)) == versions.GALLERIES
    assert version(network.build_network_interfaces_list_all_request(s)) == versions.NETWORK
    build = (
        network.build_network_interfaces_list_virtual_machine_scale_set_network_interfaces_request
    )
    assert version(build("g", "n", s)) == versions.SCALE_SET_NETWORK
    assert version(monitor.build_list_request(s, filter="f")) == versions.ACTIVITY_LOG
    client = SubscriptionClient(Credential(), base_url="http://127.0.0.1:1")
    assert client._config.api_version == versions.SUBSCRIPTIONS


def test_permissions() -> None:
    assert permissions(Config()) == ["Microsoft.Resources/subscriptions/read"]


@pytest.mark.parametrize(
    "text",
    [
        'subscriptions = ["my subscription"]',
        'base_url = "http://arm.example.com"',
        'cloud = "germany"',
    ],
)
def test_wrong_configuration_is_refused(text: str, tmp_path: Any) -> None:
    path = tmp_path / "audit.toml"
    path.write_text(f"[azure]\n{text}\n")
    with pytest.raises(ConfigError, match="azure"):
        load_config(path)
