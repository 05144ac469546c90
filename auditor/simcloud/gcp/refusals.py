"""The words in which Google Cloud refuses a call, for the faults that are refusals."""

from __future__ import annotations

from auditor.simcloud.faults import Fault
from auditor.simcloud.gcp.wire import ApiError, Call

REFUSALS = {
    "deny": ("forbidden", "global", 403),
    "throttle": ("rateLimitExceeded", "usageLimits", 429),
    "unavailable": ("backendError", "global", 503),
    "expired": ("authError", "global", 401),
}
"""Kind -> reason and domain in the list of errors, and HTTP status.

Compute also answers rateLimitExceeded with status 403: `Fault("throttle", status=403)`.
"""
INFO = {
    "deny": ("IAM_PERMISSION_DENIED", "iam.googleapis.com"),
    "throttle": ("RATE_LIMIT_EXCEEDED", "googleapis.com"),
    "expired": ("ACCESS_TOKEN_EXPIRED", "googleapis.com"),
}
"""Kind -> reason and domain in the ErrorInfo detail."""


def refusal(fault: Fault, call: Call) -> ApiError | None:
    """Return the error that a fault answers with, if it is of that sort."""
    if fault.kind not in REFUSALS:
        return None
    reason, domain, status = REFUSALS[fault.kind]
    info = None
    # NOTE: a throttle with status 403 has no such detail, only its reason tells it from a denial
    if fault.kind in INFO and fault.status in (None, status):
        detail, origin = INFO[fault.kind]
        service = f"{call.service}.googleapis.com"
        info = {"reason": detail, "domain": origin, "metadata": {"service": service}}
    return ApiError(
        fault.code or reason,
        f"simulated: {fault.kind} of {call.action}",
        status=fault.status or status,
        domain=domain,
        info=info,
    )


def switched_off(service: str, number: str) -> ApiError:
    """Return the refusal of an API that is not enabled in a project."""
    title = {"compute": "Compute Engine API", "logging": "Cloud Logging API"}.get(service, service)
    return ApiError(
        "accessNotConfigured",
        f"{title} has not been used in project {number} before or it is disabled.",
        status=403,
        domain="usageLimits",
        info={
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {
                "service": f"{service}.googleapis.com",
                "consumer": f"projects/{number}",
            },
        },
    )
