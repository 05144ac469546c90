"""The quick look for secrets must never miss what the shapes would replace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collect.redact import is_clean, redact
from auditor.store.hashing import canonical_text

SECRETS = (
    "AKIAABCDEFGHIJKLMNOP",
    "ASIAABCDEFGHIJKLMNOP",
    *(f"gh{kind}_{'a1' * 12}" for kind in "pousr"),
    "github_pat_" + "x" * 24,
    "glpat-" + "y" * 22,
    *(f"xox{kind}-1234567890ab" for kind in "abeoprs"),
    *(
        f"sk{a}{what}{b}abcdefghijk"
        for what in ("live", "test", "proj", "ant")
        for a in "-_"
        for b in "-_"
    ),
    "AIza" + "a" * 35,
    "ya29." + "q" * 24,
    "npm_" + "b" * 36,
    "pypi-" + "c" * 44,
    "hvs." + "d" * 24,
    "eyJhbGciOiJ9.eyJzdWIiOiIx.sig",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "password=hunter2",
    "PASSWD : x",
    "my-Secret_name \n= abc",
    "api-key=1 ",
    "ApiKey : z",
    "API_KEY=qq",
    "passphrase\t:y",
    "tokenX:1 ",
    "aws_credential=zz",
    "to\u212aen=abc",
    "\u017fecret=abc",
    "ap\u0131key=abc",
    "https://user:pa55@host/x",
)
CONTEXTS = (
    "{}",
    "x {} y",
    "line\n{}\nline",
    '"{}"',
    "\\{}",
    "\u00e9{}\u00e9",
    "={}",
    "tab\t{}",
    '{{"a":"{}"}}',
)


def texts(row: dict[str, Any]) -> list[str]:
    return [v if isinstance(v, str) else canonical_text(v) for v in row.values()]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("secret", SECRETS)
def test_every_shape_is_seen_wherever_it_stands(secret: str, context: str) -> None:
    text = context.format(secret)
    for row in (
        {"name": text},
        {"document": {"a": [{"b": text}]}},
        {"document": {text: 1}},
        {"tags": {"Name": text}},
        {"tags": {"Name": "x"}, "names": [text, "y"]},
    ):
        changed = redact(row) != row
        assert changed or context != "{}"
        assert not (changed and is_clean(row, texts(row)))


@pytest.mark.parametrize("name", ["db-password", "ApiToken", "TOKENS", "x_secret_y", "credentials"])
def test_a_tag_that_is_named_so_hides_its_value_everywhere(name: str) -> None:
    row = {"tags": {name: "hunter2"}, "key_name": "hunter2"}
    assert not is_clean(row, texts(row))
    assert "hunter2" not in str(redact(row))


def test_an_ordinary_row_is_seen_to_be_clean() -> None:
    row = {
        "name": "web-000123",
        "tags": {"Name": "web-000123", "Token": ""},
        "document": {
            "MetadataOptions": {"HttpTokens": "required"},
            "LaunchTime": "2026-01-05T04:00Z",
        },
    }
    assert is_clean(row, texts(row))
    assert redact(row) == row


PIECES = st.sampled_from(
    [*SECRETS, "=", ":", "@", "://", "token", "sk", "-", "_", "\n", '"', " ", "A", "\u0130"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=6), max_size=6).map("".join))
def test_what_is_called_clean_is_never_changed(text: str) -> None:
    for row in ({"name": text}, {"document": {"a": text}}, {"document": {text: [text]}}):
        assert redact(row) == row or not is_clean(row, texts(row))
