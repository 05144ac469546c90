"""What every simulated cloud speaks: HTTP requests and answers, before they are framed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

JSON = "application/json; charset=utf-8"
HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came in."""

    method: str
    target: str
    """Path and query, as sent."""
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    """Scheme, host and port by the Host header: what absolute links in answers start with."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Call(Protocol):
    """One API call, as faults and counters see it."""

    @property
    def account(self) -> str:
        """AWS account, Azure subscription or GCP project."""
        ...

    @property
    def region(self) -> str:
        """Region, or `global` where the call names none."""
        ...

    @property
    def action(self) -> str:
        """Name of the operation."""
        ...

    @property
    def has_token(self) -> bool:
        """Whether it asks for a further page."""
        ...
