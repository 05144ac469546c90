"""Keep secrets out of the store: values that look like credentials become a hash and a length.

A hash still shows that a value changed, and a person who has the value can compare it.
Patterns follow the token formats that the issuers publish; names follow common usage.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_SHAPES = re.compile(
    r"""
      \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                             # AWS access key id
    | \b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})        # GitHub
    | \bglpat-[\w-]{20,}                                         # GitLab
    | \bxox[abeoprs]-[\w-]{10,}                                  # Slack
    | \bsk[-_](?:live|test|proj|ant)[-_][\w-]{10,}               # Stripe and others
    | \bAIza[\w-]{35}                                            # Google API key
    | \bya29\.[\w-]{20,}                                         # Google OAuth
    | \bnpm_[A-Za-z0-9]{36}\b | \bpypi-[\w-]{40,} | \bhvs\.[\w-]{20,}
    | \beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*                       # JSON Web Token
    | -----BEGIN[ A-Z]*PRIVATE\ KEY-----
    | (?<![\w/+=-])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[0-9])
      [A-Za-z0-9/+]{40}(?![\w/+=-])                              # AWS secret access key
    | (?i:\b[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|credential)[\w-]*
      \s*[=:]\s*\S+)                                             # name=value inside a text
    | (?<=://)[^/\s:@"]+:[^/\s@"]+(?=@)                          # user:password in a URL
    """,
    re.VERBOSE,
)

_NAMES = re.compile(
    r"passw(or)?d|passphrase|passwd|secret|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|(^|[_\W-])tokens?($|[_\W-])|[a-z]Token$|^token|credential",
    re.IGNORECASE,
)

_HINTS = (
    re.compile(rb"A(?:KIA|SIA|Iza)"),
    re.compile(rb"J(?<=eyJ)"),
    re.compile(rb"B(?<=-----B)EGIN"),
)
"""What some tokens of `_SHAPES` have in them. Each hint begins with the byte that is rarest in the
answers of a cloud, because that is found without looking at what is between."""

_LOWER_HINTS = (
    re.compile(
        rb'k(?:(?<=sk)[_-](?:live|test|proj|ant)|(?<=tok)en[^"]*[=:]'
        rb'|(?:(?<=apik)|(?<=api[_-]k))ey[^"]*[=:])'
    ),
    re.compile(rb"x(?<=xox)[abeoprs]-"),
    re.compile(rb"y(?<=py)pi-"),
    re.compile(rb"_(?:(?<=gh[pousr]_)|(?<=github_pat_)|(?<=npm_))"),
    re.compile(rb"\.(?:(?<=ya29\.)|(?<=hvs\.))"),
    re.compile(rb"glpat-"),
    re.compile(rb'pass(?:w|phrase)[^"]*[=:]'),
    re.compile(rb'secret[^"]*[=:]'),
    re.compile(rb'credential[^"]*[=:]'),
)
"""The same for the other tokens, and the names with a value behind them within one text; sought in
lower case."""

_LETTERS = tuple(letter.encode() for letter in "\u0130\u0131\u017f\u212a")
"""Letters beyond ASCII that a pattern without case takes for an i, an s or a k."""

_ESCAPE = re.compile(rb"\\(?:u[0-9a-f]{4}|.)")
_ESCAPED_LETTER = re.compile(rb"\\[\w/+=-]")
_RUN_OF_40 = b" " + b"a" * 40 + b" "


def _class_of(byte: int) -> int:
    char = chr(byte)
    if char in "+/" or (char.isascii() and char.isalnum()):
        return ord("a")
    return ord("b") if char in "_=-" else ord(" ")


_RUNS = bytes(map(_class_of, range(256)))
"""Maps the alphabet of an AWS secret access key to one letter, and what may not stand beside it to
another, so that a run of just 40 is found."""


def hashed(value: str) -> str:
    """Return what is stored instead of a secret."""
    short = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"redacted:sha256:{short}:{len(value)}"


def names_secret(key: str) -> bool:
    """Say whether a key is of the kind that people put secrets under."""
    return bool(_NAMES.search(key))


def redact(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which no value looks like a secret; ids are left as they are."""
    named = _named(row)
    return {
        key: value if key in ("resource_id", "account_id", "region") else _clean(value, named)
        for key, value in row.items()
    }


def is_clean(row: Mapping[str, Any], texts: Iterable[str]) -> bool:
    """Say whether it is certain that `redact` would change nothing in a row.

    `texts` are all texts of the row, as they are or within JSON. Looks for what each shape must
    contain, a hundred times faster than matching the shapes; in doubt the answer is no.
    """
    if _named(row):
        return False
    content = '"'.join(("", *texts, "")).encode(errors="surrogatepass")
    if any(hint.search(content) for hint in _HINTS) or _has_run_of_40(content):
        return False
    if b"@" in content and _has_user_in_url(content):
        return False
    if not content.isascii() and any(letter in content for letter in _LETTERS):
        return False
    lower = content.lower()
    return not any(hint.search(lower) for hint in _LOWER_HINTS)


def _has_run_of_40(content: bytes) -> bool:
    r"""Say whether texts hold what may be an AWS secret access key; a sha256 in hex is longer.

    Within JSON the letter of an escape, as in `\n`, would count as part of what follows it.
    """
    plain = [content]
    if b"\\" in content and _ESCAPED_LETTER.search(content):
        plain.append(_ESCAPE.sub(b" ", content))
    return any(_RUN_OF_40 in text.translate(_RUNS) for text in plain)


def _has_user_in_url(content: bytes) -> bool:
    """Say whether an @ has a colon before it, and before that the two slashes of a URL."""
    for part in content.split(b"@")[:-1]:
        start, _, user = part.rpartition(b"/")
        if b":" in user and start.endswith(b":/"):
            return True
    return False


def _named(row: Mapping[str, Any]) -> set[str]:
    """Return the values of tags whose name says that they are secret."""
    return {
        value
        for key, value in (row.get("tags") or {}).items()
        if value and _is_secret_name(key) and not value.startswith("redacted:")
    }


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    return _NAMES.search(name) is not None


def _clean(value: Any, named: set[str]) -> Any:
    if isinstance(value, str):
        if value in named:
            return hashed(value)
        if len(value) < 8:  # noqa: PLR2004  # no shape is shorter
            return value
        return _SHAPES.sub(lambda match: hashed(match[0]), value)
    if isinstance(value, dict):
        return {_clean(key, named): _clean(inner, named) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner, named) for inner in value]
    return value
