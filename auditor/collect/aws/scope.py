"""One AWS account and region, as the tables see it: calls, pages and calls per resource.

A scope never sees an SDK client: it asks its login for the method of an operation, and sends it
under the deadline and the failure budget that it shares with all tables of the same region.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from auditor.collect.aws.arn import partition_of
from auditor.collect.aws.errors import SDK_ERRORS, error_code
from auditor.collect.aws.retry import send
from auditor.collect.backoff import Budget
from auditor.collect.context import CollectContext
from auditor.collect.parallel import in_order
from auditor.errors import CollectError
from auditor.model import Scope, Status

Answer = dict[str, Any]
Method = Callable[..., Answer]


class Login(Protocol):
    """Credentials of one account; makes SDK clients (`session.py`)."""

    label: str

    def method(self, region: str, service: str, operation: str) -> Method:
        """Return the SDK's method for an operation of a service in a region."""
        ...


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """What other tables need to know of an instance."""

    instance_id: str
    image_id: str | None
    state: str | None

    @property
    def exists(self) -> bool:
        """False for what is still listed but terminated or about to be."""
        return self.state not in ("terminated", "shutting-down")


class AwsScope:
    """Calls to the AWS APIs in one account and region; safe to share between tables."""

    def __init__(
        self, scope: Scope, login: Login, context: CollectContext, *, wanted: frozenset[str]
    ) -> None:
        self.scope = scope
        self._wanted = wanted
        self._login = login
        self._context = context
        self._budgets: dict[str, Budget] = {}
        self._lock = threading.Lock()
        self._index_lock = threading.Lock()
        self._index: tuple[InstanceRef, ...] | None = None
        self._index_failure: Exception | None = None

    def id(self) -> str:
        """Return the scope as text, as CloudQuery's clients do."""
        return str(self.scope)

    @property
    def partition(self) -> str:
        """The partition of the region: aws, aws-cn, aws-us-gov and so on."""
        return partition_of(self.scope.region)

    def require(self, key: str) -> None:
        """Raise `CollectError` with the status skipped unless `aws.<key>` is true."""
        if key not in self._wanted:
            raise CollectError(
                "switched off in the configuration",
                status=Status.SKIPPED,
                kind="configuration",
                hint=f"set aws.{key} = true to read it",
            )

    def since(self, table: str) -> datetime:
        """Return from when on a table of events is to be read."""
        return self._context.since(table, self.scope)

    def call(self, operation: str, service: str = "ec2", **params: Any) -> Answer:
        """Send one call, by the name in the API's reference, such as `DescribeInstances`."""
        with self._lock:
            budget = self._budgets.setdefault(service, Budget())
        region = self.scope.region

        def request() -> Answer:
            return self._login.method(region, service, operation)(**params)

        login = self._login.label
        return send(request, self._context, operation=operation, budget=budget, login=login)

    def call_unless(
        self, codes: tuple[str, ...], operation: str, service: str = "ec2", **params: Any
    ) -> Answer | None:
        """Send one call; return None where the service answers with one of these error codes."""
        try:
            return self.call(operation, service, **params)
        except SDK_ERRORS as exc:
            if error_code(exc) in codes:
                return None
            raise

    def pages(
        self,
        operation: str,
        result_key: str,
        service: str = "ec2",
        *,
        cursor: str = "NextToken",
        pause: float = 0.0,
        **params: Any,
    ) -> Iterator[Any]:
        """Yield the items of a listing until the service gives no more page tokens.

        `pause` is the time in seconds between two calls; see `answers` for the rest.
        """
        for answer in self.answers(operation, service, cursor=cursor, pause=pause, **params):
            yield from answer.get(result_key) or ()

    def answers(
        self,
        operation: str,
        service: str = "ec2",
        *,
        cursor: str = "NextToken",
        pause: float = 0.0,
        **params: Any,
    ) -> Iterator[Answer]:
        """Yield the pages of a listing, whole, for listings of several kinds at once.

        A token that comes back a second time would never end, or end with pages missing, so it
        raises `CollectError` with the status truncated. `cursor` is the field of the token, in the
        answer and the next call.
        """
        seen: set[str] = set()
        while True:
            answer = self.call(operation, service, **params)
            yield answer
            token = answer.get(cursor)
            if not token:
                return
            if token in seen:
                raise CollectError(
                    f"{operation}: the service repeated a page token",
                    status=Status.TRUNCATED,
                    kind="malformed",
                    hint="run again; where it stays so, report it to the provider",
                )
            seen.add(token)
            params[cursor] = token
            if pause:
                self._context.sleep(pause)

    def call_each(
        self,
        operation: str,
        params: Iterable[dict[str, Any]],
        service: str = "ec2",
        *,
        gone: tuple[str, ...] = (),
    ) -> Iterator[Answer | None]:
        """Yield the answer to each call in the order given, some at once.

        None stands for a resource that vanished meanwhile: an answer with one of the codes in
        `gone`. The first other error is raised, and calls not yet started are dropped.
        """

        def one(arguments: dict[str, Any]) -> Answer | None:
            return self.call_unless(gone, operation, service, **arguments)

        return in_order(one, params, name="aws-call")

    def instance_index(self) -> tuple[InstanceRef, ...]:
        """Return id, image and state of each instance; listed once, whoever asks first.

        A failed listing is raised to everyone who asks, so that no table takes it for empty.
        """
        with self._index_lock:
            if self._index_failure is not None:
                raise self._index_failure
            if self._index is None:
                try:
                    self._index = tuple(self._list_instances())
                except (CollectError, *SDK_ERRORS) as exc:
                    self._index_failure = exc
                    raise
            return self._index

    def _list_instances(self) -> Iterator[InstanceRef]:
        for reservation in self.pages(
            "DescribeInstances", "Reservations", IncludeManagedResources=True, MaxResults=1000
        ):
            for raw in reservation.get("Instances") or ():
                yield InstanceRef(
                    raw["InstanceId"], raw.get("ImageId"), (raw.get("State") or {}).get("Name")
                )
