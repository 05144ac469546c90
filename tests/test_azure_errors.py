"""What the errors of Azure calls mean: by code and type, never by message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core import exceptions as sdk
from azure.identity import CredentialUnavailableError
from requests.exceptions import SSLError

from auditor.collect.azure.errors import NotFoundError
from auditor.collect.azure.session import classify
from auditor.errors import CollectError


class Answer:
    """As much of an SDK response as an error looks at."""

    reason = "reason"

    def __init__(self, status: int, body: Any) -> None:
        self.status_code = status
        self.headers = {"x-ms-request-id": "r-1"}
        self._body = body if isinstance(body, str) else json.dumps(body)

    def text(self, encoding: str | None = None) -> str:
        return self._body

    def body(self) -> bytes:
        return self._body.encode()


def answered(status: int, code: str | None = None, *, flat: bool = False) -> sdk.HttpResponseError:
    inner = {"code": code, "message": "AuthorizationFailed TooManyRequests secret body"}
    body = inner if flat else {"error": inner}
    return sdk.HttpResponseError(response=Answer(status, body if code else "<html>secret body"))  # type: ignore[arg-type]


def named(value: object) -> str:
    if isinstance(value, sdk.HttpResponseError) and value.status_code:
        return f"{value.status_code}-{value.error.code if value.error else None}"
    return type(value).__name__ if isinstance(value, Exception) else str(value)


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        (answered(401, "InvalidAuthenticationToken"), "denied", "credentials"),
        (answered(401, "ExpiredAuthenticationToken"), "denied", "credentials"),
        (answered(401, "InvalidAuthenticationTokenTenant"), "denied", "credentials"),
        (answered(401), "denied", "credentials"),
        (answered(403, "AuthorizationFailed"), "denied", "denied"),
        (answered(403, "AuthorizationFailed", flat=True), "denied", "denied"),
        (answered(403, "SomethingNew"), "denied", "denied"),
        (answered(403), "denied", "denied"),
        (answered(404, "SubscriptionNotFound"), "disabled", "disabled"),
        (answered(403, "SubscriptionNotFound"), "disabled", "disabled"),
        (answered(403, "DisabledSubscription"), "disabled", "disabled"),
        (answered(409, "ReadOnlyDisabledSubscription"), "disabled", "disabled"),
        (answered(409, "MissingSubscriptionRegistration"), "disabled", "disabled"),
        (answered(429, "TooManyRequests"), "throttled", "throttled"),
        (answered(429), "throttled", "throttled"),
        (answered(503, "SubscriptionRequestsThrottled"), "throttled", "throttled"),
        (answered(408), "failed", "unavailable"),
        (answered(500, "InternalServerError"), "failed", "unavailable"),
        (answered(503), "failed", "unavailable"),
        (answered(504, "GatewayTimeout"), "failed", "unavailable"),
        (answered(404, "ResourceNotFound"), "failed", "refused"),
        (answered(400, "NoRegisteredProviderFound"), "failed", "refused"),
        (answered(302), "failed", "refused"),
        (sdk.ServiceRequestError("secret"), "failed", "unavailable"),
        (sdk.ServiceRequestTimeoutError("secret"), "failed", "unavailable"),
        (sdk.ServiceResponseError("secret"), "failed", "unavailable"),
        (sdk.ServiceResponseTimeoutError("secret"), "failed", "unavailable"),
        (sdk.DecodeError("secret"), "failed", "malformed"),
        (sdk.IncompleteReadError("secret"), "failed", "malformed"),
        (sdk.HttpResponseError("secret"), "failed", "malformed"),
        (sdk.ClientAuthenticationError("secret"), "denied", "credentials"),
        (CredentialUnavailableError("secret"), "denied", "credentials"),
    ],
    ids=named,
)
def test_classify(failure: Exception, status: str, kind: str) -> None:
    found = classify(failure, "subscription s", operation="GET x/y", endpoint="https://arm.test")
    assert found is not None
    assert (found.status, found.kind) == (status, kind)
    assert found.message.startswith("GET x/y: ")
    assert "secret" not in found.message + (found.hint or "")
    assert (kind == "unavailable") or "arm.test" not in found.message


def test_codes_and_request_ids_are_told() -> None:
    found = classify(answered(403, "AuthorizationFailed"), operation="GET x/y")
    assert found is not None
    assert found.message == "GET x/y: AuthorizationFailed (request r-1)"
    assert "audit permissions azure" in (found.hint or "")


def test_what_is_no_code_is_not_told() -> None:
    found = classify(answered(400, "a secret body of a proxy"))
    assert found is not None and "secret" not in found.message and "HTTP 400" in found.message


def test_vanished_is_told_apart() -> None:
    assert isinstance(classify(answered(404, "ResourceNotFound")), NotFoundError)
    assert not isinstance(classify(answered(404, "SubscriptionNotFound")), NotFoundError)


def test_wrong_certificate_names_the_endpoint() -> None:
    wrong = sdk.ServiceRequestError("secret", error=SSLError("secret"))
    found = classify(wrong, endpoint="https://arm.test")
    assert found is not None and "https://arm.test" in found.message
    assert "REQUESTS_CA_BUNDLE" in (found.hint or "") and "secret" not in found.message


def test_others_are_left_alone() -> None:
    assert classify(ValueError("x")) is None
    known = CollectError("x", status="failed", kind="deadline")
    assert classify(known) is known
