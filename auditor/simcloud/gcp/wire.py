"""What the simulated Google Cloud speaks: calls, errors in Google's format, and JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.simcloud.faults import Kind
from auditor.simcloud.http import Answer

Resource = dict[str, Any]
"""A resource in the words of the REST API."""

COMPUTE, LOGGING, MANAGER, IAM = "compute", "logging", "cloudresourcemanager", "iam"
LINK = "https://www.googleapis.com/compute/v1"
"""What links to Compute resources start with, whatever endpoint they were asked from."""
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Call:
    """One API call. `action` is the id of its method in the discovery document.

    Compute methods lose their prefix (`instances.aggregatedList`), those of the other services
    keep it (`logging.entries.list`, `cloudresourcemanager.projects.search`).
    """

    service: str
    action: str
    account: str
    """Project id; an organisation or folder such as `folders/1` where the call is about one."""
    region: str
    """Zone or region of the path, else `global`."""
    path: Mapping[str, str]
    params: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    most: int | None = None
    """Items per page at most, where that is less than the service allows."""
    token_fault: Kind | None = None
    """What is wrong with the token of the next page."""

    @property
    def has_token(self) -> bool:
        """Whether it asks for a further page."""
        return bool(self.params.get("pageToken") or self.body.get("pageToken"))


class ApiError(Exception):
    """A refusal as the service would send it."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        status: int,
        domain: str = "global",
        info: Resource | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.status = status
        self.domain = domain
        self.info = info
        """Members of an ErrorInfo detail, if there is one."""


def error(refused: ApiError, service: str) -> Answer:
    """Render a refusal; only Compute adds the older list of errors."""
    body: Resource = {"code": refused.status, "message": refused.message}
    if service == COMPUTE:
        detail = {"message": refused.message, "domain": refused.domain, "reason": refused.reason}
        body["errors"] = [detail]
    body["status"] = STATUS.get(refused.status, "UNKNOWN")
    if refused.info is not None:
        body["details"] = [{"@type": ERROR_INFO, **refused.info}]
    return Answer(item({"error": body}), status=refused.status)


def not_found(path: str) -> ApiError:
    """Return the refusal for something that does not exist."""
    return ApiError("notFound", f"The resource '{path}' was not found", status=404)


def invalid(message: str) -> ApiError:
    """Return the refusal for a request that makes no sense."""
    return ApiError("invalid", message, status=400)


def item(value: Any) -> bytes:
    """Render a value as compact JSON."""
    return _encode(value).encode()


def fingerprint(value: Any) -> str:
    """Return what the API shows as fingerprint: it changes with the content."""
    return base64.b64encode(hashlib.sha256(item(value)).digest()[:8]).decode()
