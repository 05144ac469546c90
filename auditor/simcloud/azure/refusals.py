"""The words in which the Resource Manager refuses a call."""

from __future__ import annotations

from auditor.simcloud.azure.estate import DELETED, DISABLED, Estate, Subscription
from auditor.simcloud.azure.wire import ApiError, Call
from auditor.simcloud.faults import Fault

REFUSALS = {
    "deny": ("AuthorizationFailed", 403),
    "throttle": ("TooManyRequests", 429),
    "unavailable": ("ServiceUnavailable", 503),
    "expired": ("ExpiredAuthenticationToken", 401),
}
"""Kind of fault -> code and HTTP status."""
OBJECT_ID = "7d1f3f0e-0d52-4b6f-9f0e-6f9f4f1c2a11"
"""Of the caller, who has the Reader role."""


def refusal(fault: Fault, call: Call) -> ApiError | None:
    """Return the error that a fault answers with, if it is of that sort.

    `seconds` of a throttle is what it tells the caller to wait, one at least.
    """
    if fault.kind not in REFUSALS:
        return None
    code, status = REFUSALS[fault.kind]
    headers: tuple[tuple[str, str], ...] = ()
    target = None
    if fault.kind == "throttle":
        headers = (("Retry-After", str(max(1, round(fault.seconds)))),)
        if call.provider == "microsoft.compute":
            # NOTE: Compute says what it allows, and the limit only in the details
            # (https://learn.microsoft.com/troubleshoot/azure/virtual-machines/windows/troubleshooting-throttling-errors)
            code, target = "OperationNotAllowed", "HighCostGet"
    if fault.kind == "deny":
        return denied(call, code=fault.code or code, status=fault.status or status)
    text = f"simulated: {fault.kind}"
    return ApiError(
        fault.code or code, text, status=fault.status or status, target=target, headers=headers
    )


def denied(call: Call, *, code: str = "AuthorizationFailed", status: int = 403) -> ApiError:
    """Say that the caller may not do what it asks for."""
    action = call.action if call.method == "POST" else f"{call.action.removesuffix('/read')}/read"
    text = (
        f"The client 'auditor' with object id '{OBJECT_ID}' does not have authorization to "
        f"perform action '{action}' over scope '{call.path}' or the scope is invalid."
    )
    return ApiError(code, text, status=status)


def subscription(estate: Estate, call: Call) -> Subscription:
    """Return the subscription of a call, if it can serve it."""
    found = estate.subscriptions.get(call.account)
    if found is None or found.state == DELETED:
        text = f"The subscription '{call.account}' could not be found."
        raise ApiError("SubscriptionNotFound", text, status=404)
    if found.state == DISABLED and call.method != "GET":
        text = (
            f"The subscription '{call.account}' is disabled and therefore marked as read only. "
            "You cannot perform any write actions on this subscription until it is re-enabled."
        )
        raise ApiError("ReadOnlyDisabledSubscription", text, status=409)
    if call.provider in found.unregistered and "/" in call.kind and not registers(call):
        name = call.action.partition("/")[0]
        # NOTE: the SDK reads the provider's name out of this text, and tries to register it
        text = (
            f"The subscription is not registered to use namespace '{name}'. "
            "See https://aka.ms/rps-not-found for how to register subscriptions."
        )
        raise ApiError("MissingSubscriptionRegistration", text, status=409, target=name)
    return found


def registers(call: Call) -> bool:
    """Tell whether a call would register a resource provider, which is a write."""
    return call.kind.endswith("/register")


def no_such_kind(call: Call) -> ApiError:
    """Say that no operation is served at a path."""
    provider, _, kind = call.action.partition("/")
    text = (
        f"The resource type '{kind}' could not be found in the namespace '{provider}' for api "
        f"version '{call.query['api-version']}'."
    )
    return ApiError("InvalidResourceType", text, status=404)


def no_such_resource(call: Call) -> ApiError:
    """Say that a resource, or what it is part of, does not exist."""
    kind = call.action.removesuffix("/read")
    text = (
        f"The Resource '{kind}/{'/'.join(call.names)}' under resource group '{call.group}' was "
        "not found."
    )
    return ApiError("ResourceNotFound", text, status=404)
