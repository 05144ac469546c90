"""Faults that a simulated cloud shows on request, so that failures can be tested and shown."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from auditor.simcloud.http import HTML, Answer, Call

Kind = Literal[
    "deny",
    "throttle",
    "unavailable",
    "expired",
    "delay",
    "stall",
    "stall_body",
    "trickle",
    "close",
    "cut",
    "malformed",
    "html",
    "repeat_token",
    "drop_token",
]
TOKEN_FAULTS: tuple[Kind, ...] = ("repeat_token", "drop_token")
"""What goes wrong with the token of the next page: see `next_token`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule: which calls go wrong, when, and how.

    A field that is None matches everything. Each rule counts the calls that it matches: it lets
    the first `skip` pass and then acts `times` times, or for ever. So `skip=1` on a paged action
    that is read once is its second page.
    """

    kind: Kind
    account: str | None = None
    region: str | None = None
    action: str | None = None
    skip: int = 0
    times: int | None = None
    seconds: float = 0.0
    """How long `delay` waits before it answers, `stall` before it closes without an answer and
    `stall_body` before it closes in the middle of one, or over how long `trickle` spreads one."""
    code: str | None = None
    """Error code instead of the usual one of the kind."""
    status: int | None = None
    """HTTP status instead of the usual one of the kind."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"there is no fault {self.kind!r}; one of {', '.join(get_args(Kind))}")

    def matches(self, call: Call) -> bool:
        """Tell whether this rule is about a call."""
        if self.kind == "repeat_token" and not call.has_token:
            return False
        return (
            self.account in (None, call.account)
            and self.region in (None, call.region)
            and self.action in (None, call.action)
        )


class FaultPlan:
    """The rules in force, with a counter each."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._hits: list[int] = []
        self.replace(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Put other rules in force, all counters at zero."""
        with self._lock:
            self._faults = list(faults)
            self._hits = [0] * len(self._faults)

    @property
    def faults(self) -> list[Fault]:
        """The rules in force."""
        with self._lock:
            return list(self._faults)

    def acting(self, call: Call) -> list[Fault]:
        """Count a call and return the rules that act on it: delays, and one fault at most."""
        acting: list[Fault] = []
        with self._lock:
            for number, fault in enumerate(self._faults):
                if not fault.matches(call):
                    continue
                turn = self._hits[number] - fault.skip
                self._hits[number] += 1
                if turn >= 0 and (fault.times is None or turn < fault.times):
                    acting.append(fault)
        delays = [fault for fault in acting if fault.kind == "delay"]
        return delays + [fault for fault in acting if fault.kind != "delay"][:1]


def next_token(fault: Kind | None, sent: str | None, token: str | None) -> str | None:
    """Return the token that a page shows: the one that was sent again, or none though more follow.

    `token` is the right one, and what a page without a fault shows.
    """
    if fault == "repeat_token" and sent:
        return sent
    return None if fault == "drop_token" else token


def spoil(kind: str, answer: Answer) -> Answer:
    """Return a complete HTTP answer whose body is not what the SDK expects."""
    if kind == "html":
        page = b"<!DOCTYPE html><html><body><p>We will be back<br>soon</body></html>"
        return Answer(page, content_type=HTML)
    return Answer(answer.body[: len(answer.body) // 2], content_type=answer.content_type)
