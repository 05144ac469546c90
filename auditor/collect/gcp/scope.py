"""One Google Cloud project, as the tables see it: calls, pages and calls per resource.

A listing of a whole project may leave zones out and say so in a warning. It is read to its end
all the same, and then raised as incomplete, so that nothing that is missing counts as removed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from auditor.collect.gcp.errors import missing
from auditor.collect.gcp.transport import Answer, Transport
from auditor.collect.parallel import in_order
from auditor.errors import CollectError
from auditor.model import Scope, Status

PAGE = 500
"""Items per page: the most that Compute Engine gives."""

_NOTHING_HERE = "NO_RESULTS_ON_PAGE"
"""The one warning of a listing that leaves nothing out."""

_SHOWN = 10
"""Places that are named in an error; the rest is counted."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Options:
    """What the configuration says about tables that cost more calls than others."""

    iam: bool = False
    """Whether the IAM policy of each resource is read."""
    audit_log: bool = False
    """Whether the audit log is read."""
    parents: tuple[str, ...] = ()
    """Organisation and folders whose policies are read in this project's scope."""
    instance_creators: bool = False
    """Whether it is read who may create instances."""


class GcpScope:
    """Calls to the Google Cloud APIs in one project; safe to share between tables."""

    def __init__(self, scope: Scope, transport: Transport, options: Options) -> None:
        self.scope = scope
        self.options = options
        self._transport = transport
        self._effective_lock = threading.Lock()
        self._effective: tuple[Answer, ...] | CollectError | None = None

    def id(self) -> str:
        """Return the scope as text, as CloudQuery's clients do."""
        return str(self.scope)

    def since(self, table: str) -> datetime:
        """Return from when on a table of events is read."""
        return self._transport.context.since(table, self.scope)

    def get(self, path: str, **query: Any) -> Answer:
        """Return one resource; `path` is as in `pages`."""
        return self._compute("GET", path, query)

    def post(self, path: str, body: Any = None, **query: Any) -> Answer:
        """Return the answer to a POST, which for all tables is a read too."""
        return self._compute("POST", path, query, body)

    def pages(
        self, path: str, items_key: str = "items", *, method: str = "GET", **query: Any
    ) -> Iterator[Any]:
        """Yield the items of a listing until the service gives no more page tokens.

        `path` starts at the project; one that begins with a slash starts at the API.
        """
        gaps = _Gaps(path)

        def page(token: str | None) -> Answer:
            asked = {"maxResults": PAGE, **query, **({"pageToken": token} if token else {})}
            return self._compute(method, path, asked)

        for answer in _all_pages(page, path):
            gaps.note(answer)
            yield from _items(answer, items_key, path)
        gaps.settle()

    def aggregated(self, path: str, key: str) -> Iterator[Any]:
        """Yield the items of a listing over all zones and regions of the project.

        Raises `CollectError` of kind partial, after all that came, where the service says that
        it left out a zone or region.
        """
        gaps = _Gaps(path)

        def page(token: str | None) -> Answer:
            asked = {"maxResults": PAGE, **({"pageToken": token} if token else {})}
            return self._compute("GET", f"aggregated/{path}", asked)

        for answer in _all_pages(page, path):
            gaps.note(answer)
            places = answer.get("items") or {}
            if not isinstance(places, Mapping):
                raise _misshapen(path)
            for place, part in places.items():
                gaps.note(part, place)
                yield from _items(part, key, path)
        gaps.settle()

    def entries(self, condition: str) -> Iterator[Any]:
        """Yield the log entries of the project that meet a condition, oldest first."""
        asked = {
            "resourceNames": [f"projects/{self.scope.account_id}"],
            "filter": condition,
            "orderBy": "timestamp asc",
            "pageSize": 1000,
        }

        def page(token: str | None) -> Answer:
            body = {**asked, **({"pageToken": token} if token else {})}
            return self._transport.send("logging", "POST", "/v2/entries:list", body=body)

        for answer in _all_pages(page, "entries:list"):
            yield from _items(answer, "entries", "entries:list")

    def project_policy(self) -> Answer:
        """Return the IAM policy of the project, with the conditions of its bindings."""
        path = f"/v3/projects/{self.scope.account_id}:getIamPolicy"
        # NOTE: an older version of the policy leaves conditions out, and its bindings look wider.
        body = {"options": {"requestedPolicyVersion": 3}}
        return self._transport.send("cloudresourcemanager", "POST", path, body=body)

    def role(self, name: str) -> Answer:
        """Return a role by its name, such as `roles/compute.admin`, with its permissions."""
        return self._transport.send("iam", "GET", f"/v1/{name}", operation="iam GET role")

    def each(self, call: Callable[[T], R], items: Iterable[T]) -> Iterator[R | None]:
        """Yield what `call` returns for each item, in the order given, some at once.

        None stands for a resource that vanished meanwhile. The first other error is raised, and
        calls not yet started are dropped.
        """

        def one(item: T) -> R | None:
            try:
                return call(item)
            except CollectError as exc:
                if missing(exc):
                    return None
                raise

        return in_order(one, items, name="gcp-call")

    def effective_policies(self) -> tuple[Answer, ...]:
        """Return the firewall policies in effect on each network; read once, whoever asks first.

        Each has its network, and its position among all of that network. A failure is raised to
        everyone who asks, so that no table takes it for empty.
        """
        with self._effective_lock:
            if self._effective is None:
                try:
                    self._effective = tuple(self._list_effective())
                except CollectError as exc:
                    self._effective = exc
            if isinstance(self._effective, CollectError):
                raise self._effective
            return self._effective

    def _list_effective(self) -> Iterator[Answer]:
        def effective(network: Answer) -> list[Answer]:
            answer = self.get(f"global/networks/{network['name']}/getEffectiveFirewalls")
            # NOTE: the API's own spelling; the rules of the network itself are in another table.
            policies = enumerate(answer.get("firewallPolicys") or (), 1)
            return [
                {**policy, "network": network["selfLink"], "position": n} for n, policy in policies
            ]

        for found in self.each(effective, self.pages("global/networks")):
            yield from found or ()

    def _compute(
        self, method: str, path: str, query: Mapping[str, Any], body: Any = None
    ) -> Answer:
        root = "" if path.startswith("/") else f"/projects/{self.scope.account_id}/"
        return self._transport.send(
            "compute",
            method,
            f"/compute/v1{root}{path}".rstrip("/"),
            query=query,
            body=body,
            operation=f"compute {method} {path or 'project'}",
        )


class _Gaps:
    """The places that a listing left out, by what its answers say."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._places: set[str] = set()

    def note(self, answer: Mapping[str, Any], place: str | None = None) -> None:
        """Look for warnings and unreachable places in an answer, or in a part of one."""
        warning = answer.get("warning")
        if isinstance(warning, Mapping) and warning.get("code") != _NOTHING_HERE:
            self._places.add(f"{place or 'the whole listing'} ({warning.get('code')})")
        for key in ("unreachable", "unreachables"):
            self._places.update(str(name) for name in answer.get(key) or ())

    def settle(self) -> None:
        """Raise `CollectError` if anything was left out."""
        if not self._places:
            return
        shown = sorted(self._places)[:_SHOWN]
        rest = len(self._places) - len(shown)
        more = f" and {rest} more" if rest else ""
        raise CollectError(
            f"{self._what}: the service left out {', '.join(shown)}{more}",
            status=Status.FAILED,
            kind="partial",
            hint="run again once these zones and regions can be reached",
        )


def _all_pages(page: Callable[[str | None], Answer], what: str) -> Iterator[Answer]:
    """Yield page after page; an empty one with a token goes on.

    A token that comes back a second time would never end, or end with pages missing, so it
    raises `CollectError` with the status truncated.
    """
    seen: set[str] = set()
    token: str | None = None
    while True:
        answer = page(token)
        yield answer
        token = answer.get("nextPageToken")
        if not token:
            return
        if token in seen:
            raise CollectError(
                f"{what}: the service repeated a page token",
                status=Status.TRUNCATED,
                kind="malformed",
                hint="run again; where it stays so, report it to the provider",
            )
        seen.add(token)


def _items(answer: Any, key: str, what: str) -> list[Any]:
    if not isinstance(answer, Mapping):
        raise _misshapen(what)
    found = answer.get(key) or []
    if not isinstance(found, list):
        raise _misshapen(what)
    return found


def _misshapen(what: str) -> CollectError:
    return CollectError(
        f"{what}: the answer has another form than the API documents",
        status=Status.FAILED,
        kind="malformed",
        hint="check for a proxy or an endpoint that answers in place of Google Cloud",
    )
