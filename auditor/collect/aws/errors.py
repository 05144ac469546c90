"""Tells what a failed AWS call means, by error codes and exception types, never by message text.

The detail of every error names code, operation and request id, and never a response body: EC2
echoes parameters in its messages, and an encoded authorisation message is no help to a person.
"""

from __future__ import annotations

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from auditor.errors import CollectError
from auditor.model import Status

SDK_ERRORS = (sdk.ClientError, sdk.BotoCoreError, ResponseParserError)
"""Everything that a call through the SDK raises when it fails."""

DENIED_CODES = frozenset(
    [
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedForDependencyException",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "UnauthorizedAccess",
        "NotAuthorized",
        "Blocked",
    ]
)
CREDENTIAL_CODES = frozenset(
    [
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ]
)
THROTTLE_CODES = frozenset(
    [
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    ]
)
UNAVAILABLE_CODES = frozenset(
    [
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerInternal",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    ]
)
DISABLED_CODES = frozenset(
    [
        "InvalidRegion",
        "InvalidRegionException",
        "OptInRequired",
        "RegionDisabledException",
        "SubscriptionRequiredException",
    ]
)
_CREDENTIAL_ERRORS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.ProfileNotFound,
    sdk.NoAuthTokenError,
    sdk.TokenRetrievalError,
    sdk.SSOError,
    sdk.LoginError,
    sdk.MetadataRetrievalError,
    sdk.RefreshWithMFAUnsupportedError,
    sdk.InvalidConfigError,
    sdk.ConfigNotFound,
    sdk.ConfigParseError,
    sdk.UnknownCredentialError,
)
_UNAVAILABLE_ERRORS = (sdk.ConnectionError, sdk.HTTPClientError, sdk.IncompleteReadError)
_MALFORMED_ERRORS = (ResponseParserError, sdk.PaginationError)
_REGION_ERRORS = (
    sdk.EndpointResolutionError,
    sdk.InvalidRegionError,
    sdk.NoRegionError,
    sdk.UnknownEndpointError,
    sdk.UnknownRegionError,
)
_TOO_MANY_REQUESTS, _FORBIDDEN, _SERVER_ERROR = 429, 403, 500


def error_code(error: Exception) -> str | None:
    """Return the provider's code of a failed call, or None where there was no answer."""
    if isinstance(error, sdk.ClientError):
        return str(error.response.get("Error", {}).get("Code", "")) or None
    return None


def classify(
    error: Exception, login: str | None = None, *, operation: str | None = None
) -> CollectError | None:
    """Return what an SDK error means for a scope, or None for one that is not known here.

    `login` says in words whose credentials were used, for the hint to a person; `operation` is
    what was called, for errors that do not know it themselves.
    """
    if isinstance(error, CollectError):
        return error
    if isinstance(error, sdk.ClientError):
        return _answered(error, login)
    name = type(error).__name__
    return _unanswered(error, f"{operation}: {name}" if operation else name, login)


def _unanswered(error: Exception, what: str, login: str | None) -> CollectError | None:
    """Classify an error that arose before the service answered, or in reading the answer."""
    if isinstance(error, _CREDENTIAL_ERRORS):
        return _credentials(f"{what}: no usable credentials", login)
    if isinstance(error, _REGION_ERRORS):
        return CollectError(
            f"{what}: the region is not known to the SDK",
            status=Status.DISABLED,
            kind="disabled",
            hint="check the names in aws.regions",
        )
    if isinstance(error, _MALFORMED_ERRORS):
        return CollectError(
            f"{what}: the answer is cut off or not in the service's format",
            status=Status.FAILED,
            kind="malformed",
            hint="check for a proxy or an endpoint_url that answers in place of AWS",
        )
    if isinstance(error, _UNAVAILABLE_ERRORS):
        return _unreachable(error, what)
    return None


def _answered(error: sdk.ClientError, login: str | None) -> CollectError:
    """Classify an error that the service itself answered with."""
    code = error_code(error) or "no code"
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    text = f"{error.operation_name}: {code}"
    if metadata.get("RequestId"):
        text += f" (request {metadata['RequestId']})"
    if code in CREDENTIAL_CODES:
        # NOTE: a region that is not enabled answers AuthFailure to good credentials, too.
        region = "enable the region or leave it out of aws.regions" if code == "AuthFailure" else ""
        return _credentials(text, login, otherwise=region)
    if code in DISABLED_CODES:
        return CollectError(
            text,
            status=Status.DISABLED,
            kind="disabled",
            hint="enable the region or service for the account, or leave it out of aws.regions",
        )
    if code in THROTTLE_CODES or status == _TOO_MANY_REQUESTS:
        return CollectError(
            text,
            status=Status.THROTTLED,
            kind="throttled",
            hint="lower run.concurrency, or ask for a higher API rate limit",
        )
    if code in DENIED_CODES or status == _FORBIDDEN:
        who = f" of {login}" if login else ""
        return CollectError(
            text,
            status=Status.DENIED,
            kind="denied",
            hint=f"let the policy{who} allow it: audit permissions aws",
        )
    if code in UNAVAILABLE_CODES or status >= _SERVER_ERROR:
        return CollectError(text, status=Status.FAILED, kind="unavailable")
    return CollectError(text, status=Status.FAILED, kind="refused")


def _credentials(text: str, login: str | None, *, otherwise: str = "") -> CollectError:
    whose = login or "the default credentials"
    hint = f"renew or correct {whose} (try: aws sts get-caller-identity)"
    return CollectError(
        text,
        status=Status.DENIED,
        kind="credentials",
        hint=f"{hint}; if other regions can be read, {otherwise}" if otherwise else hint,
    )


def _unreachable(error: Exception, what: str) -> CollectError:
    """Classify an error of the network; names the endpoint, which is no secret."""
    endpoint = getattr(error, "kwargs", {}).get("endpoint_url")
    return CollectError(
        f"{what}: no answer from {endpoint or 'the endpoint'}",
        status=Status.FAILED,
        kind="unavailable",
        hint="check the network path, the proxy and the certificates",
    )
