"""What goes over the wire: calls as the operations see them, answers, and dict -> ARM JSON.

Resources are kept in the words of the Resource Manager's JSON, so that one generic renderer serves
every operation and no field is ever translated.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.simcloud.faults import Kind
from auditor.simcloud.http import Answer

Resource = dict[str, Any]
"""One resource in wire vocabulary."""

SKIP_TOKEN = "$skiptoken"  # noqa: S105 - the name of a query parameter


@dataclass(frozen=True, slots=True)
class Call:
    """One request, taken apart by the grammar of ARM paths."""

    method: str
    path: str
    """As sent, without the query."""
    base_url: str
    query: Mapping[str, str]
    """Parameters by lower-case name."""
    body: bytes
    account: str = ""
    """Subscription id as sent; empty for what belongs to the tenant."""
    region: str = "global"
    """Location that the path names, if it names one."""
    group: str = ""
    """Resource group that the path names, if it names one."""
    action: str = ""
    """Provider and types without the names: `Microsoft.Compute/virtualMachines/extensions` lists
    extensions; what reads a single resource ends in `/read`."""
    names: tuple[str, ...] = ()
    """Names of the resources in the path, outermost first."""
    token_fault: Kind | None = None
    """What is wrong with the token of the next page."""

    @property
    def has_token(self) -> bool:
        """Whether it asks for a further page."""
        return bool(self.token)

    @property
    def token(self) -> str:
        """The token of the page that it asks for; a POST carries it in its body."""
        if self.method == "POST":
            return str(self.document.get("skipToken") or "")
        return self.query.get(SKIP_TOKEN, "")

    @property
    def document(self) -> Mapping[str, Any]:
        """The body, if it is a JSON object."""
        try:
            sent = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return sent if isinstance(sent, dict) else {}

    @property
    def kind(self) -> str:
        """The action in lower case, for looking things up."""
        return self.action.lower()

    @property
    def provider(self) -> str:
        """The resource provider in lower case."""
        return self.kind.partition("/")[0]

    def expands(self, what: str) -> bool:
        """Tell whether a part that is left out by default is asked for."""
        return what.lower() in self.query.get("$expand", "").lower().split(",")


class ApiError(Exception):
    """A refusal that the caller gets in the format of the Resource Manager."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        target: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.target = target
        self.headers = headers


def item(resource: Resource) -> bytes:
    """Render a resource."""
    return json.dumps(resource, separators=(",", ":")).encode()


def document(resource: Resource) -> Answer:
    """Answer with one resource."""
    return Answer(item(resource), headers=tracing())


def page(fragments: Iterable[bytes], next_link: str | None, *, member: str = "nextLink") -> Answer:
    """Answer with a page of rendered resources."""
    tail = b"]}" if next_link is None else f'],"{member}":{json.dumps(next_link)}}}'.encode()
    return Answer(b"".join((b'{"value":[', b",".join(fragments), tail)), headers=tracing())


def error(refused: ApiError) -> Answer:
    """Render a refusal the way the Resource Manager does."""
    shown: Resource = {"code": refused.code, "message": refused.message}
    if refused.target is not None:
        shown["details"] = [shown | {"target": refused.target}]
    return Answer(
        item({"error": shown}), status=refused.status, headers=(*tracing(), *refused.headers)
    )


def tracing() -> tuple[tuple[str, str], ...]:
    """Return the headers by which support finds a request."""
    id_ = str(uuid.uuid4())
    return (("x-ms-request-id", id_), ("x-ms-correlation-request-id", id_))
