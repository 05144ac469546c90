"""Values that look like credentials never reach the store; everything else does."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.collect.redact import redact

SECRETS = [
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11AAAAAAA0123456789_abcdefghijklmnop",
    "glpat-abcdefghij0123456789",
    "xoxb-123456789012-abcdefghijkl",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "-----BEGIN RSA PRIVATE KEY-----",
]
HARMLESS = [
    "i-0abc0123456789def",
    "arn:aws:iam::123456789012:instance-profile/web-prod",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "web frontend, owned by team token-service",
    "2026-01-01T00:00:00Z",
    "AROAIOSFODNN7EXAMPLE",
    "ami-0123456789abcdef0",
    "",
]


def row(**changes: Any) -> dict[str, Any]:
    return {
        "account_id": "123456789012",
        "region": "eu-west-1",
        "resource_id": "arn:x",
        "name": None,
        "tags": {},
        "document": {},
        **changes,
    }


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_anywhere_becomes_a_hash(secret: str) -> None:
    clean = redact(
        row(
            name=secret,
            tags={"note": f"use {secret} here"},
            document={"Tags": [{"Key": "note", "Value": f"use {secret} here"}], secret: [secret]},
        )
    )
    assert secret not in str(clean)
    assert f":{len(secret)}" in clean["name"]
    assert clean["name"].startswith("redacted:sha256:")


@pytest.mark.parametrize("value", HARMLESS)
def test_what_is_no_secret_stays(value: str) -> None:
    before = row(name=value, tags={"note": value}, document={"Value": value})
    assert redact(before) == before


@pytest.mark.parametrize(
    "name", ["password", "DB_PASSWORD", "api-key", "ApiKey", "secret", "access_token", "Passphrase"]
)
def test_a_tag_named_like_a_secret_is_hashed_in_the_document_too(name: str) -> None:
    before = row(
        tags={name: "hunter2-x", "team": "web"},
        document={"Tags": [{"Key": name, "Value": "hunter2-x"}, {"Key": "team", "Value": "web"}]},
    )
    clean = redact(before)
    assert "hunter2-x" not in str(clean)
    assert clean["tags"]["team"] == "web"
    assert clean["document"]["Tags"][1]["Value"] == "web"
    assert clean["tags"][name] == clean["document"]["Tags"][0]["Value"]


def test_name_and_value_inside_a_text() -> None:
    clean = redact(row(document={"Description": "login with password=tr0ub4dor please"}))
    assert "tr0ub4dor" not in str(clean)
    assert "login with" in clean["document"]["Description"]


def test_a_changed_secret_is_seen_as_changed_and_redaction_is_stable() -> None:
    first = redact(row(tags={"password": "one-one-one"}))
    assert first != redact(row(tags={"password": "two-two-two"}))
    assert first == redact(first)
