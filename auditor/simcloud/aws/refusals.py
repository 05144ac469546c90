"""The words in which AWS services refuse a call, for the faults that are refusals."""

from __future__ import annotations

from auditor.simcloud.aws.wire import ApiError
from auditor.simcloud.faults import Fault

REFUSALS: dict[str, dict[str, tuple[str, int]]] = {
    "deny": {
        "ec2": ("UnauthorizedOperation", 403),
        "sts": ("AccessDenied", 403),
        "organizations": ("AccessDeniedException", 400),
    },
    "throttle": {
        "ec2": ("RequestLimitExceeded", 503),
        "sts": ("Throttling", 400),
        "organizations": ("TooManyRequestsException", 400),
    },
    "unavailable": {
        "ec2": ("InternalError", 500),
        "sts": ("InternalFailure", 500),
        "organizations": ("ServiceException", 500),
    },
    "expired": {
        "ec2": ("ExpiredToken", 400),
        "sts": ("ExpiredToken", 403),
        "organizations": ("ExpiredTokenException", 400),
    },
}
"""Kind and service -> code and HTTP status, from the services' lists of common errors."""


def refusal(fault: Fault, service: str) -> ApiError | None:
    """Return the error that a fault answers with, if it is of that sort."""
    if fault.kind not in REFUSALS:
        return None
    code, status = REFUSALS[fault.kind].get(service, REFUSALS[fault.kind]["ec2"])
    text = f"simulated: {fault.kind}"
    return ApiError(fault.code or code, text, status=fault.status or status)
