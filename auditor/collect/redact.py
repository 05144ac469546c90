"""Keep secrets out of the store: values that look like credentials become a hash and a length.

A hash still shows that a value changed, and a person who has the value can compare it.
Patterns follow the token formats that the issuers publish; names follow common usage.
"""

from __future__ import annotations

import hashlib
import re
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


def hashed(value: str) -> str:
    """Return what is stored instead of a secret."""
    short = hashlib.sha256(value.encode()).hexdigest()[:16]
    return f"redacted:sha256:{short}:{len(value)}"


def redact(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which no value looks like a secret; ids are left as they are."""
    named = {
        value
        for key, value in (row.get("tags") or {}).items()
        if value and _NAMES.search(key) and not value.startswith("redacted:")
    }
    return {
        key: value if key in ("resource_id", "account_id", "region") else _clean(value, named)
        for key, value in row.items()
    }


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
