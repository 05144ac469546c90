"""Pages and their tokens, as the services document them."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from auditor.simcloud.aws.wire import TOKENS, ApiError, Call
from auditor.simcloud.faults import next_token

EC2_LEAST, EC2_MOST = 5, 1000
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination"""
VOLATILE = (*TOKENS, "MaxResults", "MaxRecords", "MaxItems", "Version", "Action", "DryRun")


class Page(NamedTuple):
    """Which part of a list to answer, and the token for the part after it."""

    start: int
    stop: int
    token: str | None


def ec2_page(call: Call, total: int, least: int = EC2_LEAST, most: int = EC2_MOST) -> Page:
    """Return the page that an EC2 call asks for; at most `most` items, whatever it asks."""
    size = page_size(call, "MaxResults", least, most, usual=most)
    return page(call, total, size, invalid="InvalidNextToken")


def page_size(
    call: Call,
    name: str,
    least: int,
    most: int,
    *,
    usual: int,
    refused: str = "InvalidParameterValue",
) -> int:
    """Return how many items a call wants per page; `refused` is the code for a bad number."""
    text = call.text(name, str(usual))
    size = int(text) if text.isdecimal() else least - 1
    if not least <= size <= most:
        name = name[0].lower() + name[1:]
        raise ApiError(
            refused,
            f"Value ( {text} ) for parameter {name} is invalid. "
            f"Expecting a value between {least} and {most}.",
        )
    return size


def page(call: Call, total: int, size: int, *, invalid: str) -> Page:
    """Return the page at the token of a call; `invalid` is the code for a token not from here."""
    sent = next((call.text(name) for name in TOKENS if name in call.params), "")
    start = _decode(call, sent, invalid) if sent else 0
    stop = min(start + min(size, call.most or size), total)
    token = _encode(call, stop) if stop < total else None
    return Page(start, stop, next_token(call.token_fault, sent, token))


def _encode(call: Call, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{offset}.{_seal(call, offset)}".encode()).decode()


def _decode(call: Call, token: str, invalid: str) -> int:
    try:
        offset, _, seal = base64.urlsafe_b64decode(token).decode().partition(".")
    except ValueError:
        offset = seal = ""
    if not offset.isdecimal() or seal != _seal(call, int(offset)):
        raise ApiError(invalid, "The token '" + token[:40] + "' is invalid")
    return int(offset)


def _seal(call: Call, offset: int) -> str:
    """Bind a token to its list: the same one with other filters is refused."""
    asked = sorted((k, str(v)) for k, v in call.params.items() if k not in VOLATILE)
    text = repr((call.action, call.account, call.region, asked, offset))
    return hashlib.sha256(text.encode()).hexdigest()[:24]
