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
    re.compile(rb"_(?:(?<=gh[pousr]_)|(?<=github_pat_)|(?<=npm_)|(?<=sk_)(?=live|test|proj|ant))"),
    re.compile(
        rb"-(?:(?<=glpat-)|(?<=xox[abeoprs]-)|(?<=pypi-)|(?<=sk-)(?=live|test|proj|ant)"
        rb"|(?<=---)(?=--BEGIN))"
    ),
    re.compile(rb"\.(?:(?<=ya29\.)|(?<=hvs\.))"),
    re.compile(rb"eyJ"),
)
"""What every token of `_SHAPES` has in it; each begins with one byte, which is searched fastest."""

_WORDS = tuple(
    re.compile(word + rb'[^"]*[=:]')
    for word in (rb"passw", rb"passphrase", rb"secret", rb"token", rb"api[_-]?key", rb"credential")
)
"""The names of `_SHAPES` with a value behind them, in lower case and within one text."""

_LETTERS = tuple(letter.encode() for letter in "\u0130\u0131\u017f\u212a")
"""Letters beyond ASCII that a pattern without case takes for an i, an s or a k."""

_LONG = b" " + b"a" * 40 + b" "
_RUNS = bytes(
    0x61 if chr(byte) in "+/" or (byte < 128 and chr(byte).isalnum()) else 0x20  # noqa: PLR2004
    for byte in range(256)
)
"""Maps the alphabet of an AWS secret access key to one letter, so that a run of 40 is found."""


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
    content = '"'.join(texts).encode(errors="surrogatepass")
    if _has_key(content) or any(hint.search(content) for hint in _HINTS):
        return False
    if b"@" in content and b"://" in content:
        return False
    if not content.isascii() and any(letter in content for letter in _LETTERS):
        return False
    lower = content.lower()
    return not any(word.search(lower) for word in _WORDS)


def _has_key(content: bytes) -> bool:
    """Say whether a run of 40 has all that an AWS secret access key has; paths seldom do."""
    runs = b" " + content.translate(_RUNS) + b" "
    if b"\\" in content.replace(b'\\"', b""):
        # NOTE: JSON's escapes, but for quotes, put a letter in front of a run: it looks longer.
        return _LONG.strip() in runs
    start = runs.find(_LONG)
    while start >= 0:
        run = content[start : start + 40]
        mixed = not (run.islower() or run.isupper())
        if mixed and any(digit in run for digit in b"0123456789"):
            return True
        start = runs.find(_LONG, start + 1)
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
