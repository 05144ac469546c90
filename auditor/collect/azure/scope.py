"""One Azure subscription as the tables see it: calls, pages and calls per resource.

Answers are plain JSON: the SDK's model classes cost ten times the CPU and drop what they do not
know. All tables of a subscription share one failure budget per resource provider.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from auditor.collect.azure import versions
from auditor.collect.azure.errors import NotFoundError
from auditor.collect.azure.retry import send
from auditor.collect.backoff import Budget
from auditor.collect.context import CollectContext
from auditor.collect.parallel import in_order
from auditor.errors import CollectError
from auditor.model import Scope, Status

Answer = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")

INDEXED = {
    "virtualMachines": ("Microsoft.Compute", versions.COMPUTE),
    "virtualMachineScaleSets": ("Microsoft.Compute", versions.COMPUTE),
    "virtualNetworks": ("Microsoft.Network", versions.NETWORK),
}
"""Kinds of resources whose nested resources are read with a call each."""


class Login(Protocol):
    """Access to one subscription; sends requests (`session.py`)."""

    label: str
    endpoint: str

    def ask(self, method: str, target: str, body: Answer | None) -> Answer:
        """Send one request, once; `target` is path and query."""
        ...


@dataclass(frozen=True, slots=True)
class Ref:
    """What other tables need to know of a resource."""

    id: str
    location: str | None
    orchestration: str | None
    """Uniform or Flexible, of a scale set."""

    @property
    def is_uniform(self) -> bool:
        """Whether it is a scale set whose machines are no virtual machines of their own."""
        return (self.orchestration or "Uniform").lower() == "uniform"


class AzureScope:
    """Calls to the resource manager in one subscription; safe to share between tables."""

    def __init__(
        self,
        scope: Scope,
        login: Login,
        context: CollectContext,
        *,
        instance_attributes: bool = False,
        instance_creators: bool = False,
        activity_log: bool = False,
    ) -> None:
        self.scope = scope
        self.instance_attributes = instance_attributes
        """Whether the configuration asks for what costs a call per virtual machine."""
        self.instance_creators = instance_creators
        """Whether the configuration asks for who may create instances."""
        self.activity_log = activity_log
        """Whether the configuration asks for the activity log."""
        self._login = login
        self._context = context
        self._budgets: dict[str, Budget] = {}
        self._lock = threading.Lock()
        self._indexes: dict[str, _Index] = {}

    def id(self) -> str:
        """Return the scope as text, as CloudQuery's clients do."""
        return str(self.scope)

    def since(self, table: str) -> datetime:
        """Return from when on a table of events is to be read."""
        return self._context.since(table, self.scope)

    def get(self, path: str, api_version: str, **query: str) -> Answer:
        """Read one resource; the path starts at the subscription, or is an ARM id."""
        return self._call("GET", self._target(path, api_version, query))

    def post(self, path: str, api_version: str, body: Answer, **query: str) -> Answer:
        """Send an action that only reads."""
        return self._call("POST", self._target(path, api_version, query), body)

    def pages(
        self, path: str, api_version: str, *, key: str = "value", **query: str
    ) -> Iterator[Answer]:
        """Yield the items of a listing until the service names no next page.

        A link that comes back a second time would never end, or end with pages missing, so it
        raises `CollectError` with the status truncated.
        """
        target = self._target(path, api_version, query)
        seen = {target}
        while True:
            answer = self._call("GET", target)
            yield from _items(answer, key, _operation("GET", target))
            link = answer.get("nextLink")
            if not link:
                return
            target = self._next(link, target)
            if target in seen:
                raise _repeated(_operation("GET", target))
            seen.add(target)

    def post_pages(self, path: str, api_version: str) -> Iterator[Answer]:
        """Yield the items of an action that pages by a token in its body."""
        target = self._target(path, api_version, {})
        body: Answer = {}
        seen: set[str] = set()
        while True:
            answer = self._call("POST", target, body)
            yield from _items(answer, "value", _operation("POST", target))
            token = answer.get("skipToken")
            if not token:
                return
            if token in seen:
                raise _repeated(_operation("POST", target))
            seen.add(token)
            body = {"skipToken": token}

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R | None]:
        """Yield what `work` returns for each item in the order given, some at once.

        None stands for a resource that vanished meanwhile: a call that answers 404. The first
        other error is raised, and work not yet started is dropped.
        """

        def one(item: T) -> R | None:
            try:
                return work(item)
            except NotFoundError:
                return None

        return in_order(one, items, name="azure-call")

    def nested(self, owners: Iterable[Ref], name: str, api_version: str) -> Iterator[Answer]:
        """Yield the nested resources of each owner that still exists, such as its extensions.

        Each item gets its owner as `_owner`: id and location, which nested resources lack.
        """
        owners = list(owners)

        def listed(owner: Ref) -> list[Answer]:
            return list(self.pages(f"{owner.id}/{name}", api_version))

        for owner, found in zip(owners, self.each(listed, owners), strict=True):
            for item in found or ():
                yield {**item, "_owner": {"id": owner.id, "location": owner.location}}

    def index(self, kind: str) -> tuple[Ref, ...]:
        """Return every resource of an indexed kind; listed once, whoever asks first.

        A failed listing is raised to everyone who asks, so that no table takes it for empty.
        """
        with self._lock:
            index = self._indexes.setdefault(kind, _Index())
        return index.get(lambda: self._listed(kind))

    def _listed(self, kind: str) -> tuple[Ref, ...]:
        provider, api_version = INDEXED[kind]
        return tuple(
            Ref(
                raw["id"],
                raw.get("location"),
                (raw.get("properties") or {}).get("orchestrationMode"),
            )
            for raw in self.pages(f"/providers/{provider}/{kind}", api_version)
        )

    def _call(self, method: str, target: str, body: Answer | None = None) -> Answer:
        family = target.lower().rpartition("/providers/")[2].partition("/")[0].partition("?")[0]
        with self._lock:
            budget = self._budgets.setdefault(family, Budget())
        return send(
            lambda: self._login.ask(method, target, body),
            self._context,
            operation=_operation(method, target),
            budget=budget,
            login=self._login.label,
            endpoint=self._login.endpoint,
        )

    def _target(self, path: str, api_version: str, query: Mapping[str, str]) -> str:
        whole = path
        if not path.lower().startswith("/subscriptions"):
            whole = f"/subscriptions/{self.scope.account_id}{path}"
        arguments = urlencode({**query, "api-version": api_version}, quote_via=quote)
        return f"{quote(whole, safe=_SAFE)}?{arguments}"

    def _next(self, link: object, target: str) -> str:
        """Return path and query of a link to the next page.

        Its host is not followed: the token goes to the configured endpoint and nowhere else.
        """
        parts = urlsplit(link) if isinstance(link, str) else None
        if parts is None or not parts.path.startswith("/"):
            raise CollectError(
                f"{_operation('GET', target)}: the link to the next page is none",
                status=Status.TRUNCATED,
                kind="malformed",
            )
        path = parts.path.removeprefix(urlsplit(self._login.endpoint).path.rstrip("/"))
        return f"{path}?{parts.query}"


class _Index:
    """A listing that is made once, with its failure."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[Ref, ...] | None = None
        self._failure: CollectError | None = None

    def get(self, listing: Callable[[], tuple[Ref, ...]]) -> tuple[Ref, ...]:
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._found is None:
                try:
                    self._found = listing()
                except CollectError as exc:
                    self._failure = exc
                    raise
            return self._found


_SAFE = "/:@!$&'()*+,;=~-._"


def _items(answer: Answer, key: str, operation: str) -> Iterator[Answer]:
    found = answer.get(key, _items)
    if found is None:
        return
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise CollectError(
            f"{operation}: the answer is no list",
            status=Status.FAILED,
            kind="malformed",
            hint="check for a proxy or a base_url that answers in place of Azure",
        )
    yield from found


def _operation(method: str, target: str) -> str:
    """Return what is called, in words for a person: without subscription and query."""
    path = target.partition("?")[0]
    return f"{method} {path.rpartition('/providers/')[2] or path}"


def _repeated(operation: str) -> CollectError:
    return CollectError(
        f"{operation}: the service repeated a page",
        status=Status.TRUNCATED,
        kind="malformed",
        hint="run again; where it stays so, report it to the provider",
    )
