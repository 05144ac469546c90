"""The words in which AWS services refuse a call before they look at what it asks."""

from __future__ import annotations

from auditor.simcloud.aws.estate import Estate, Region
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.faults import Fault

REFUSALS: dict[str, dict[str, tuple[str, int]]] = {
    "deny": {
        "ec2": ("UnauthorizedOperation", 403),
        "sts": ("AccessDenied", 403),
        "autoscaling": ("AccessDenied", 403),
        "iam": ("AccessDenied", 403),
        "organizations": ("AccessDeniedException", 400),
        "cloudtrail": ("AccessDeniedException", 400),
    },
    "throttle": {
        "ec2": ("RequestLimitExceeded", 503),
        "sts": ("Throttling", 400),
        "autoscaling": ("Throttling", 400),
        "iam": ("Throttling", 400),
        "organizations": ("TooManyRequestsException", 400),
        "cloudtrail": ("ThrottlingException", 400),
    },
    "unavailable": {
        "ec2": ("InternalError", 500),
        "sts": ("InternalFailure", 500),
        "autoscaling": ("InternalFailure", 500),
        "iam": ("ServiceFailure", 500),
        "organizations": ("ServiceException", 500),
        "cloudtrail": ("InternalFailure", 500),
    },
    "expired": {
        "ec2": ("ExpiredToken", 400),
        "sts": ("ExpiredToken", 403),
        "autoscaling": ("ExpiredToken", 403),
        "iam": ("ExpiredToken", 403),
        "organizations": ("ExpiredTokenException", 400),
        "cloudtrail": ("ExpiredTokenException", 400),
    },
}
"""Kind and service -> code and HTTP status, from the services' lists of common errors."""
UNKNOWN_KEY = {
    "ec2": ("AuthFailure", 401),
    "sts": ("InvalidClientTokenId", 403),
    "autoscaling": ("InvalidClientTokenId", 403),
    "iam": ("InvalidClientTokenId", 403),
    "organizations": ("UnrecognizedClientException", 400),
    "cloudtrail": ("UnrecognizedClientException", 400),
}
SESSION_EXPIRED = REFUSALS["expired"] | {
    # NOTE: EC2 has its own word for it, the other services say ExpiredToken
    # (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html)
    "ec2": ("RequestExpired", 400),
}


def refusal(fault: Fault, service: str) -> ApiError | None:
    """Return the error that a fault answers with, if it is of that sort."""
    if fault.kind not in REFUSALS:
        return None
    code, status = REFUSALS[fault.kind][service]
    text = f"simulated: {fault.kind}"
    return ApiError(fault.code or code, text, status=fault.status or status)


def region_of(estate: Estate, call: Call) -> Region:
    """Return the region that a call is about, or refuse as in one that is not opted in to."""
    region = estate.accounts[call.account].regions.get(call.region)
    if region is None:
        code, status = UNKNOWN_KEY[call.service]
        text = "AWS was not able to validate the provided access credentials"
        raise ApiError(code, text, status=status)
    return region
