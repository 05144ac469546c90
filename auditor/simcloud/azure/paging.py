"""Pages, their opaque tokens, and the absolute links to the next one."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple
from urllib.parse import quote, urlencode

from auditor.simcloud.azure.wire import SKIP_TOKEN, ApiError, Call
from auditor.simcloud.faults import next_token

EVERY_EMPTY = 4
"""Every so many pages one comes empty, with a link: callers must go on until there is no link."""
MACHINES_TIMES = 4
"""Virtual machines come in pages of so many times the usual size: up to 200 for 50."""
VOLATILE = (SKIP_TOKEN, "api-version")


class Page(NamedTuple):
    """Which part of a list to answer, and the token for the part after it."""

    start: int
    stop: int
    token: str | None


def page(call: Call, total: int, size: int) -> Page:
    """Return the page at the token of a call."""
    start, number = _decode(call) if call.token else (0, 0)
    empty = number % EVERY_EMPTY == EVERY_EMPTY - 2
    stop = start if empty else min(start + size, total)
    token = _encode(call, stop, number + 1) if stop < total else None
    return Page(start, stop, next_token(call.token_fault, call.token, token))


def link(call: Call, token: str | None) -> str | None:
    """Return the absolute address of the next page: by the Host header, as the caller came."""
    if token is None:
        return None
    query = {name: value for name, value in call.query.items() if name != SKIP_TOKEN}
    text = urlencode(query | {SKIP_TOKEN: token}, quote_via=quote, safe="$")
    return f"{call.base_url}{call.path}?{text}"


def _encode(call: Call, offset: int, number: int) -> str:
    text = f"{offset}.{number}.{_seal(call, offset, number)}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decode(call: Call) -> tuple[int, int]:
    try:
        offset, number, seal = base64.urlsafe_b64decode(call.token).decode().split(".")
        place = int(offset), int(number)
    except ValueError as exc:
        raise ApiError("InvalidSkipToken", "the skip token is not valid") from exc
    if seal != _seal(call, *place):
        raise ApiError("InvalidSkipToken", "the skip token belongs to another list")
    return place


def _seal(call: Call, offset: int, number: int) -> str:
    """Bind a token to its list: the same one with another filter is refused."""
    asked = sorted((name, value) for name, value in call.query.items() if name not in VOLATILE)
    text = repr((call.action, call.account, call.group, call.names, asked, offset, number))
    return hashlib.sha256(text.lower().encode()).hexdigest()[:24]
