"""What the errors of Google Cloud calls mean: by reason and type, never by message."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from google.auth import exceptions as login

from auditor.collect.gcp.errors import ApiError, MalformedError, missing
from auditor.collect.gcp.session import classify
from auditor.errors import CollectError


def old(status: int, reason: str, canonical: str | None = None) -> ApiError:
    """Return an error in the form of Compute Engine."""
    error: dict[str, Any] = {"code": status, "message": "quota disabled secret body"}
    error["errors"] = [{"reason": reason, "message": "secret body"}]
    return ApiError("compute GET x", status, {"error": {**error, "status": canonical}})


def new(status: int, canonical: str, *reasons: str) -> ApiError:
    """Return an error in the form of newer services."""
    details = [{"@type": "ErrorInfo", "reason": reason} for reason in reasons]
    error = {"code": status, "status": canonical, "message": "secret body", "details": details}
    return ApiError("logging POST x", status, {"error": error})


def bare(status: int, body: Any = None) -> ApiError:
    return ApiError("compute GET x", status, body)


def reached(kind: type[requests.RequestException]) -> requests.RequestException:
    request = requests.Request("GET", "https://host.example/secret?key=secret").prepare()
    return kind("secret body", request=request)


def named(value: object) -> str:
    if isinstance(value, ApiError):
        return f"{value.status} {' '.join(sorted(value.reasons))}".strip()
    return type(value).__name__ if isinstance(value, Exception) else str(value)


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        (old(403, "forbidden"), "denied", "denied"),
        (old(403, "forbidden", "PERMISSION_DENIED"), "denied", "denied"),
        (new(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"), "denied", "denied"),
        (old(403, "insufficientPermissions"), "denied", "denied"),
        (new(403, "SOMETHING_NEW"), "denied", "denied"),
        (bare(403, "<html>"), "denied", "denied"),
        (old(403, "accessNotConfigured", "PERMISSION_DENIED"), "disabled", "disabled"),
        (new(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), "disabled", "disabled"),
        (new(403, "PERMISSION_DENIED", "CONSUMER_INVALID"), "disabled", "disabled"),
        (new(403, "PERMISSION_DENIED", "BILLING_DISABLED"), "disabled", "disabled"),
        (old(404, "notFound"), "disabled", "disabled"),
        (new(404, "NOT_FOUND"), "disabled", "disabled"),
        (old(403, "rateLimitExceeded", "PERMISSION_DENIED"), "throttled", "throttled"),
        (old(403, "userRateLimitExceeded"), "throttled", "throttled"),
        (old(403, "quotaExceeded"), "throttled", "throttled"),
        (new(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"), "throttled", "throttled"),
        (bare(429), "throttled", "throttled"),
        (old(401, "authError"), "denied", "credentials"),
        (new(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"), "denied", "credentials"),
        (
            new(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            "denied",
            "credentials",
        ),
        (bare(401), "denied", "credentials"),
        (login.DefaultCredentialsError("secret body"), "denied", "credentials"),
        (login.RefreshError("secret body"), "denied", "credentials"),
        (login.RefreshError("secret body", retryable=True), "failed", "unavailable"),
        (login.TransportError("secret body"), "failed", "unavailable"),
        (old(500, "backendError"), "failed", "unavailable"),
        (new(503, "UNAVAILABLE"), "failed", "unavailable"),
        (bare(502, "<html>"), "failed", "unavailable"),
        (reached(requests.ConnectionError), "failed", "unavailable"),
        (reached(requests.ConnectTimeout), "failed", "unavailable"),
        (reached(requests.ReadTimeout), "failed", "unavailable"),
        (reached(requests.exceptions.SSLError), "failed", "unavailable"),
        (reached(requests.exceptions.ProxyError), "failed", "unavailable"),
        (reached(requests.exceptions.ChunkedEncodingError), "failed", "malformed"),
        (reached(requests.exceptions.ContentDecodingError), "failed", "malformed"),
        (MalformedError("compute GET x", "https://h"), "failed", "malformed"),
        (bare(404, "<html>"), "failed", "malformed"),
        (bare(302), "failed", "malformed"),
        (old(400, "invalid"), "failed", "refused"),
    ],
    ids=named,
)
def test_classify(failure: Exception, status: str, kind: str) -> None:
    endpoint = "https://host.example"
    found = classify(failure, "project demo", operation="compute GET x", endpoint=endpoint)
    assert found is not None
    assert (found.status, found.kind) == (status, kind)
    assert "secret" not in found.diagnostics()
    assert found.message.split(":")[0] in ("compute GET x", "logging POST x")
    if kind in ("denied", "credentials"):
        assert "project demo" in (found.hint or "")
    if isinstance(failure, requests.RequestException) and kind == "unavailable":
        assert endpoint in found.message


def test_a_collect_error_stays_and_the_unknown_is_left_alone() -> None:
    error = CollectError("x", status="denied", kind="denied")
    assert classify(error) is error
    assert classify(ValueError("x")) is None


@pytest.mark.parametrize("body", [None, [], {"error": "text"}, {"error": {"errors": [7, {}]}}])
def test_any_body_can_be_read(body: Any) -> None:
    assert ApiError("x", 500, body).reasons == frozenset()


def test_what_is_missing_is_told_by_reason() -> None:
    error = CollectError("x", status="disabled", kind="disabled")
    error.__cause__ = old(404, "notFound")
    assert missing(error)
    assert not missing(CollectError("x", status="disabled", kind="disabled"))
    assert not missing(bare(404, "<html>"))
