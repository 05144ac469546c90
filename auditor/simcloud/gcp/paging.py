"""Pages and their tokens, as the services document them."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from auditor.simcloud.faults import next_token
from auditor.simcloud.gcp.wire import Call, invalid

MOST = 500
"""Items that one Compute page holds at most, and by default."""
EMPTY_PERIOD, EMPTY_PAGE = 4, 2
"""Of so many pages of an aggregated list this one is empty, though more follow."""
VOLATILE = ("pageToken", "maxResults", "pageSize")


class Page(NamedTuple):
    """Which part of a list to answer, and the token for the part after it."""

    start: int
    stop: int
    token: str | None


def compute_page(call: Call, total: int, *, empties: bool = False) -> Page:
    """Return the page that a Compute call asks for; with `empties`, now and then an empty one."""
    text = call.params.get("maxResults") or str(MOST)
    size = int(text) if text.isdecimal() else -1
    if not 0 <= size <= MOST:
        raise invalid(
            f"Invalid value for field 'maxResults': '{text}'. "
            f"Acceptable values are 0 to {MOST}, inclusive"
        )
    return page(call, total, size or MOST, sent=call.params.get("pageToken"), empties=empties)


def page(call: Call, total: int, size: int, *, sent: str | None, empties: bool = False) -> Page:
    """Return the page at a token."""
    start, number = _decode(call, sent) if sent else (0, 0)
    stop = min(start + min(size, call.most or size), total)
    if empties and number % EMPTY_PERIOD == EMPTY_PAGE:
        stop = start
    token = _encode(call, stop, number + 1) if stop < total else None
    return Page(start, stop, next_token(call.token_fault, sent, token))


def _encode(call: Call, offset: int, number: int) -> str:
    text = f"{offset}.{number}.{_seal(call, offset, number)}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _decode(call: Call, token: str) -> tuple[int, int]:
    try:
        offset, number, seal = base64.urlsafe_b64decode(token).decode().split(".")
        place = int(offset), int(number)
    except ValueError:
        seal, place = "", (0, 0)
    if seal != _seal(call, *place):
        raise invalid("Invalid value for field 'pageToken'")
    return place


def _seal(call: Call, offset: int, number: int) -> str:
    """Bind a token to its list: the same one with other filters is refused."""
    asked = [
        sorted((k, str(v)) for k, v in source.items() if k not in VOLATILE)
        for source in (call.path, call.params, call.body)
    ]
    text = repr((call.action, call.account, call.region, asked, offset, number))
    return hashlib.sha256(text.encode()).hexdigest()[:24]
