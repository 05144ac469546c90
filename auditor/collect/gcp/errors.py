"""Tells what a failed Google Cloud call means, by reason codes and types, never by message text.

An error answer carries its reasons in two places: `error.errors[].reason` (Compute Engine) and
`error.details[].reason` (newer services). The detail of every error names operation, codes and
endpoint, and never a response body.
"""

from __future__ import annotations

from collections.abc import Mapping

import requests
from google.auth import exceptions as login_errors

from auditor.errors import CollectError
from auditor.model import Status

DISABLED_REASONS = frozenset(
    [
        "accessNotConfigured",
        "BILLING_DISABLED",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "GCP_SUSPENDED",
        "RESOURCE_PROJECT_INVALID",
        "SERVICE_DISABLED",
        "SERVICE_NOT_VISIBLE",
    ]
)
THROTTLE_REASONS = frozenset(
    [
        "concurrentLimitExceeded",
        "dailyLimitExceeded",
        "quotaExceeded",
        "rateLimitExceeded",
        "RATE_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "RESOURCE_QUOTA_EXCEEDED",
        "userRateLimitExceeded",
    ]
)
CREDENTIAL_REASONS = frozenset(
    [
        "ACCESS_TOKEN_EXPIRED",
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "ACCOUNT_STATE_INVALID",
        "authError",
        "CREDENTIALS_MISSING",
        "expired",
        "UNAUTHENTICATED",
    ]
)
DENIED_REASONS = frozenset(
    [
        "forbidden",
        "IAM_PERMISSION_DENIED",
        "insufficientPermissions",
        "ORG_RESTRICTION_VIOLATION",
        "PERMISSION_DENIED",
        "SECURITY_POLICY_VIOLATED",
        "USER_PROJECT_DENIED",
    ]
)
NOT_FOUND_REASONS = frozenset(["notFound", "NOT_FOUND"])
UNAVAILABLE_REASONS = frozenset(["backendError", "internalError", "INTERNAL", "UNAVAILABLE"])
_STATUS = {
    "disabled": Status.DISABLED,
    "throttled": Status.THROTTLED,
    "denied": Status.DENIED,
}
_DISABLED_HINT = (
    "enable the API in the project, or leave the project out of gcp.projects "
    "if it is gone, inactive or about to be deleted"
)
_THROTTLED_HINT = "lower run.concurrency, or ask for a higher API rate limit"
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 401, 403, 429, 500


class ApiError(Exception):
    """An answer that is not a success: its HTTP status and reasons, never its text."""

    def __init__(self, operation: str, status: int, body: object) -> None:
        self.operation = operation
        self.status = status
        self.reasons = reasons_of(body)
        """Empty where the body is not an error of a Google API."""
        shown = ", ".join(sorted(self.reasons)) or "no reason"
        super().__init__(f"{operation}: HTTP {status} ({shown})")

    @property
    def not_found(self) -> bool:
        """Whether the API itself says that the resource does not exist."""
        return bool(self.reasons & NOT_FOUND_REASONS)


class MalformedError(Exception):
    """A success whose body is not the JSON object that was asked for."""

    def __init__(self, operation: str, endpoint: str) -> None:
        super().__init__(f"{operation}: the answer of {endpoint} is not a JSON object")


SDK_ERRORS = (ApiError, MalformedError, requests.RequestException, login_errors.GoogleAuthError)
"""Everything that a call raises when it fails."""

_LOGIN_ERRORS = (
    login_errors.DefaultCredentialsError,
    login_errors.RefreshError,
    login_errors.MalformedError,
    login_errors.ClientCertError,
    login_errors.UserAccessTokenError,
    login_errors.OAuthError,
    login_errors.InvalidOperation,
)
_CUT_ERRORS = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.TooManyRedirects,
)


def reasons_of(body: object) -> frozenset[str]:
    """Return every reason and the canonical status that an error body names."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return frozenset()
    found = [error.get("status")]
    for key in ("errors", "details"):
        entries = error.get(key)
        named = entries if isinstance(entries, list) else []
        found += [entry.get("reason") for entry in named if isinstance(entry, Mapping)]
    return frozenset(reason for reason in found if isinstance(reason, str) and reason)


def missing(error: BaseException) -> bool:
    """Say whether a failed call found no such resource."""
    cause = error.__cause__ if isinstance(error, CollectError) else error
    return isinstance(cause, ApiError) and cause.not_found


def classify(
    error: Exception,
    login: str | None = None,
    *,
    operation: str | None = None,
    endpoint: str | None = None,
) -> CollectError | None:
    """Return what an error means for a scope, or None for one that is not known here.

    `login` says in words whose credentials were used; `operation` is what was called and
    `endpoint` where, for errors that do not know it themselves.
    """
    if isinstance(error, CollectError):
        return error
    if isinstance(error, ApiError):
        return _answered(error, login)
    if isinstance(error, MalformedError):
        return _malformed(str(error))
    name = type(error).__name__
    return _unanswered(error, f"{operation}: {name}" if operation else name, login, endpoint)


def _unanswered(
    error: Exception, what: str, login: str | None, endpoint: str | None
) -> CollectError | None:
    """Classify an error that arose before the service answered, or in reading the answer."""
    if isinstance(error, _LOGIN_ERRORS) and not getattr(error, "retryable", False):
        return _credentials(f"{what}: no usable credentials", login)
    if isinstance(error, _CUT_ERRORS):
        return _malformed(f"{what}: the answer is cut off")
    if isinstance(error, requests.RequestException | login_errors.GoogleAuthError):
        secure = " (its certificate is not trusted)" if _is_tls(error) else ""
        return CollectError(
            f"{what}: no answer from {endpoint or 'the endpoint'}{secure}",
            status=Status.FAILED,
            kind="unavailable",
            hint="check the network path, the proxy and the certificates",
        )
    return None


def _answered(error: ApiError, login: str | None) -> CollectError:
    """Classify an error that the service itself answered with.

    The order matters: a throttle and a disabled API both come as a permission that is denied.
    """
    text, reasons, status = str(error), error.reasons, error.status
    kind, hint = "refused", None
    if reasons & DISABLED_REASONS or error.not_found:
        kind, hint = "disabled", _DISABLED_HINT
    elif reasons & THROTTLE_REASONS or status == _TOO_MANY:
        kind, hint = "throttled", _THROTTLED_HINT
    elif reasons & CREDENTIAL_REASONS or status == _UNAUTHORIZED:
        return _credentials(text, login)
    elif reasons & DENIED_REASONS or status == _FORBIDDEN:
        whose = login or "the credentials"
        kind, hint = "denied", f"let the role of {whose} allow it: audit permissions gcp"
    elif reasons & UNAVAILABLE_REASONS or status >= _SERVER_ERROR:
        kind = "unavailable"
    elif not reasons:
        return _malformed(text)
    return CollectError(text, status=_STATUS.get(kind, Status.FAILED), kind=kind, hint=hint)


def _credentials(text: str, login: str | None) -> CollectError:
    whose = f" of {login}" if login else ""
    return CollectError(
        text,
        status=Status.DENIED,
        kind="credentials",
        hint=f"renew or correct the credentials{whose} "
        "(try: gcloud auth application-default print-access-token)",
    )


def _malformed(text: str) -> CollectError:
    return CollectError(
        text,
        status=Status.FAILED,
        kind="malformed",
        hint="check for a proxy or an endpoint that answers in place of Google Cloud",
    )


def _is_tls(error: Exception) -> bool:
    return isinstance(error, requests.exceptions.SSLError)
