"""What the errors of AWS calls mean: by code and type, never by message."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from auditor.collect.aws.session import classify


def client_error(code: str, status: int = 400) -> sdk.ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "AccessDenied Throttling secret body"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    return sdk.ClientError(answer, "DescribeVolumes")


def named(value: object) -> str:
    if isinstance(value, sdk.ClientError):
        return str(value.response["Error"]["Code"])
    return type(value).__name__ if isinstance(value, Exception) else str(value)


@pytest.mark.parametrize(
    ("failure", "status", "kind"),
    [
        (client_error("UnauthorizedOperation", 403), "denied", "denied"),
        (client_error("AccessDenied", 403), "denied", "denied"),
        (client_error("AccessDeniedException"), "denied", "denied"),
        (client_error("SomethingNew", 403), "denied", "denied"),
        (client_error("AuthFailure", 401), "denied", "credentials"),
        (client_error("InvalidClientTokenId", 403), "denied", "credentials"),
        (client_error("UnrecognizedClientException"), "denied", "credentials"),
        (client_error("ExpiredToken", 403), "denied", "credentials"),
        (client_error("RequestExpired"), "denied", "credentials"),
        (sdk.NoCredentialsError(), "denied", "credentials"),
        (sdk.ProfileNotFound(profile="prod"), "denied", "credentials"),
        (sdk.TokenRetrievalError(provider="sso", error_msg="x"), "denied", "credentials"),
        (sdk.UnauthorizedSSOTokenError(), "denied", "credentials"),
        (sdk.CredentialRetrievalError(provider="p", error_msg="x"), "denied", "credentials"),
        (client_error("RequestLimitExceeded", 503), "throttled", "throttled"),
        (client_error("Throttling"), "throttled", "throttled"),
        (client_error("ThrottlingException"), "throttled", "throttled"),
        (client_error("TooManyRequestsException", 429), "throttled", "throttled"),
        (client_error("RequestThrottled"), "throttled", "throttled"),
        (client_error("SomethingNew", 429), "throttled", "throttled"),
        (client_error("Unavailable", 503), "failed", "unavailable"),
        (client_error("ServiceUnavailable", 503), "failed", "unavailable"),
        (client_error("SomethingNew", 500), "failed", "unavailable"),
        (sdk.EndpointConnectionError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.ConnectTimeoutError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.ReadTimeoutError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.ConnectionClosedError(endpoint_url="https://e"), "failed", "unavailable"),
        (sdk.SSLError(endpoint_url="https://e", error=OSError()), "failed", "unavailable"),
        (sdk.IncompleteReadError(actual_bytes=1, expected_bytes=2), "failed", "unavailable"),
        (ResponseParserError("secret body"), "failed", "malformed"),
        (sdk.PaginationError(message="same token"), "failed", "malformed"),
        (client_error("OptInRequired", 401), "disabled", "disabled"),
        (client_error("InvalidRegion"), "disabled", "disabled"),
    ],
    ids=named,
)
def test_classify(failure: Exception, status: str, kind: str) -> None:
    found = classify(failure, "profile prod", operation="DescribeVolumes")
    assert found is not None
    assert (found.status, found.kind) == (status, kind)
    assert "secret body" not in found.diagnostics()
    if kind == "credentials":
        assert "profile prod" in (found.hint or "")
    assert found.message.startswith("DescribeVolumes: ")
    if isinstance(failure, sdk.ClientError):
        assert "r-1" in found.message
    if getattr(failure, "kwargs", {}).get("endpoint_url"):
        assert "https://e" in found.message


def test_classify_leaves_unknown_errors_alone() -> None:
    refused = classify(client_error("InvalidParameterValue"))
    assert refused is not None
    assert (refused.status, refused.kind) == ("failed", "refused")
    assert classify(ValueError("AccessDenied")) is None
