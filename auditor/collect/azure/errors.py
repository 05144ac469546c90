"""Tells what a failed Azure call means, by error codes and exception types, never by message text.

The detail of every error names code, operation and request id, and never a response body.
"""

from __future__ import annotations

import re

from azure.core import exceptions as sdk
from requests.exceptions import SSLError

from auditor.errors import CollectError
from auditor.model import Status

SDK_ERRORS = (sdk.AzureError,)
"""Everything that a call through the SDK raises when it fails."""

CREDENTIAL_CODES = frozenset(
    [
        "authenticationfailed",
        "authenticationfailedinvalidheader",
        "authenticationfailedmissingtoken",
        "expiredauthenticationtoken",
        "invalidauthenticationtoken",
        "invalidauthenticationtokentenant",
    ]
)
DENIED_CODES = frozenset(["authorizationfailed", "linkedauthorizationfailed"])
THROTTLE_CODES = frozenset(
    ["resourcerequeststhrottled", "subscriptionrequeststhrottled", "toomanyrequests"]
)
SUBSCRIPTION_CODES = frozenset(
    [
        "disabledsubscription",
        "invalidsubscriptionid",
        "readonlydisabledsubscription",
        "subscriptionnotfound",
    ]
)
PROVIDER_CODES = frozenset(["missingsubscriptionregistration", "subscriptionnotregistered"])
VERSION_CODES = frozenset(
    ["invalidapiversionparameter", "invalidresourcetype", "noregisteredproviderfound"]
)
"""Codes of an endpoint that does not offer what was asked for, or not in that version."""

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_MANY, _SERVER_ERROR = (
    401,
    403,
    404,
    408,
    429,
    500,
)
_CODE = re.compile(r"[\w.]{1,80}")


class NotFoundError(CollectError):
    """The resource that was asked for does not exist, or not any more."""


def error_code(error: Exception) -> str | None:
    """Return the provider's code of a failed call, or None where the answer has none."""
    parsed = getattr(error, "error", None)
    code = getattr(parsed, "code", None)
    # NOTE: a code is a word; anything else may be what a proxy wrote in place of Azure.
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def classify(
    error: Exception,
    login: str | None = None,
    *,
    operation: str | None = None,
    endpoint: str | None = None,
) -> CollectError | None:
    """Return what an SDK error means for a scope, or None for one that is not known here.

    `login` says in words which subscription was read, for the hint to a person; `operation` is
    what was called, and `endpoint` where.
    """
    if isinstance(error, CollectError):
        return error
    what = operation or "the call"
    if isinstance(error, sdk.HttpResponseError):
        return _answered(error, what, login)
    if isinstance(error, sdk.ServiceRequestError | sdk.ServiceResponseError):
        return _unreachable(error, f"{what}: {type(error).__name__}", endpoint)
    return None


def _answered(error: sdk.HttpResponseError, what: str, login: str | None) -> CollectError:
    """Classify an error that came with an answer, or in reading it."""
    if isinstance(error, sdk.ClientAuthenticationError):
        return _credentials(f"{what}: {error_code(error) or type(error).__name__}", login)
    if isinstance(error, sdk.DecodeError) or not error.status_code:
        return _malformed(f"{what}: {type(error).__name__}")
    return _refusal(error, what, login)


def _refusal(error: sdk.HttpResponseError, what: str, login: str | None) -> CollectError:
    """Classify an error that the service itself answered with."""
    code, status = (error_code(error) or "").lower(), error.status_code or 0
    text = f"{what}: {error_code(error) or f'HTTP {status}'}{_request_id(error)}"
    if code in CREDENTIAL_CODES or status == _UNAUTHORIZED:
        return _credentials(text, login)
    if code in SUBSCRIPTION_CODES or code in PROVIDER_CODES:
        return _disabled(text, code)
    if code in THROTTLE_CODES or status == _TOO_MANY:
        return CollectError(
            text,
            status=Status.THROTTLED,
            kind="throttled",
            hint="lower run.concurrency, or read fewer subscriptions in one run",
        )
    if code in DENIED_CODES or status == _FORBIDDEN:
        where = f" in {login}" if login else ""
        return CollectError(
            text,
            status=Status.DENIED,
            kind="denied",
            hint=f"assign the role of `audit permissions azure`{where}",
        )
    if status == _TIMEOUT or status >= _SERVER_ERROR:
        return CollectError(text, status=Status.FAILED, kind="unavailable")
    return _refused(text, code, status)


def _refused(text: str, code: str, status: int) -> CollectError:
    hint = None
    if code in VERSION_CODES:
        hint = "this cloud does not offer it, or not in this version; see run.skip_tables"
    elif status == _NOT_FOUND:
        return NotFoundError(text, status=Status.FAILED, kind="refused")
    return CollectError(text, status=Status.FAILED, kind="refused", hint=hint)


def _disabled(text: str, code: str) -> CollectError:
    hint = "enable the subscription, or leave it out of azure.subscriptions"
    if code == "subscriptionnotfound":
        hint = "check azure.subscriptions, azure.tenant_id and azure.cloud"
    if code in PROVIDER_CODES:
        hint = "the resource provider is not registered; leave its tables out with run.skip_tables"
    return CollectError(text, status=Status.DISABLED, kind="disabled", hint=hint)


def _credentials(text: str, login: str | None) -> CollectError:
    return CollectError(
        text,
        status=Status.DENIED,
        kind="credentials",
        hint=f"renew or correct the credentials for {login or 'Azure'} (try: az account show); "
        "check azure.tenant_id and azure.cloud",
    )


def _malformed(text: str) -> CollectError:
    return CollectError(
        f"{text}: the answer is cut off or not in the service's format",
        status=Status.FAILED,
        kind="malformed",
        hint="check for a proxy or a base_url that answers in place of Azure",
    )


def _unreachable(error: sdk.AzureError, what: str, endpoint: str | None) -> CollectError:
    """Classify an error of the network; names the endpoint, which is no secret."""
    where = endpoint or "the endpoint"
    if isinstance(error.inner_exception, SSLError):
        return CollectError(
            f"{what}: no trusted connection to {where}",
            status=Status.FAILED,
            kind="unavailable",
            hint="check the certificate of the endpoint; name its authority in REQUESTS_CA_BUNDLE",
        )
    return CollectError(
        f"{what}: no answer from {where}",
        status=Status.FAILED,
        kind="unavailable",
        hint="check the network path, the proxy and the certificates",
    )


def _request_id(error: sdk.HttpResponseError) -> str:
    headers = getattr(error.response, "headers", None) or {}
    found = headers.get("x-ms-request-id") or headers.get("x-ms-correlation-request-id")
    return f" (request {found[:80]})" if found else ""
