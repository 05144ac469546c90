"""A CloudTrail record without its secrets, and what it says, in both shapes of requests.

Older EC2 actions log their parameters as `groupSet.items[].groupId`, newer ones nest the whole
request as `ModifySecurityGroupRulesRequest.GroupId`. Ids are found by what they look like, so
that the shape does not matter.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.collect.redact import hashed, names_secret
from auditor.errors import CollectError
from auditor.model import Status

SECRET_FIELDS = frozenset(
    [
        "authorizationtoken",
        "commands",
        "keymaterial",
        "password",
        "plaintext",
        "privatekey",
        "publickey",
        "publickeymaterial",
        "secretaccesskey",
        "sessiontoken",
        "sshpublickey",
        "tokenvalue",
        "userdata",
    ]
)
"""Fields, in lower case, whose content is replaced by its hash and length."""

_HIDDEN = ("<sensitiveDataRemoved>", "HIDDEN_DUE_TO_SECURITY_REASONS")
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)
_KINDS = (
    "i|vol|snap|sg|sgr|ami|aki|ari|eni|eni-attach|subnet|vpc|acl|aclassoc|rtb|rtbassoc|igw|eigw"
    "|pcx|pl|lt|fl|eice|eipalloc|eipassoc|key|iip-assoc|tgw|nat|vpcbpa-exclude|import-ami"
    "|import-snap|fleet|sir|sfr|r"
)
_STRICT = re.compile(rf"(?:arn:\S*[:/])?((?:{_KINDS})-[0-9a-f]{{8,17}})", re.IGNORECASE)
_LOOSE = re.compile(rf"((?:{_KINDS})-[0-9a-z]{{1,21}})", re.IGNORECASE)
"""What an id looks like: anywhere, and in a field that is named as one."""

_FIELDS = (
    "awsRegion",
    "errorCode",
    "errorMessage",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "resources",
    "responseElements",
    "serviceEventDetails",
    "sourceIPAddress",
    "userAgent",
    "userIdentity",
)
_SPELLING = {name.lower(): name for name in _FIELDS}
_PARTS = ("requestParameters", "responseElements", "serviceEventDetails", "resources")


def record_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record that an event of LookupEvents carries, without secrets.

    What is a record already, as trails write them, is taken as it is.
    """
    text = event.get("CloudTrailEvent")
    if text is None:
        return without_secrets(event)
    try:
        record = json.loads(text)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        # NOTE: from None, since the error would quote the event.
        raise CollectError(
            "LookupEvents: an event is not a JSON object", status=Status.FAILED, kind="malformed"
        ) from None
    return without_secrets(record)


def without_secrets(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with hashes in place of scripts and keys, its fields spelt as AWS does."""
    kept: dict[str, Any] = {_SPELLING.get(k.lower(), k): v for k, v in _clean(record).items()}
    if isinstance(kept.get("errorMessage"), str):
        kept["errorMessage"] = _ENCODED.sub("", kept["errorMessage"])
    return kept


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        cleaned = {
            key: _digest(inner) if _is_secret(key, inner) else _clean(inner)
            for key, inner in value.items()
        }
        return _tag(cleaned)
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _is_secret(key: str, value: Any) -> bool:
    if value in (None, "", *_HIDDEN) or isinstance(value, bool | int | float):
        return False
    hidden = isinstance(value, Mapping) and value.keys() == {"Sha256", "Length"}
    return key.replace("-", "").replace("_", "").lower() in SECRET_FIELDS and not hidden


def _digest(value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return {"Sha256": hashlib.sha256(text.encode()).hexdigest(), "Length": len(text)}


def _tag(pair: dict[str, Any]) -> dict[str, Any]:
    """Hash the value of a tag whose key says that it is a secret."""
    names = {name.lower(): name for name in pair}
    key, value = pair.get(names.get("key", "")), pair.get(names.get("value", ""))
    named = isinstance(key, str) and names_secret(key)
    if named and isinstance(value, str) and value and not value.startswith("redacted:"):
        pair[names["value"]] = hashed(value)
    return pair


def event_id(record: Mapping[str, Any]) -> str:
    """Return the id of an event; copies that have lost it are known by their content."""
    text = record.get("eventID") or json.dumps(record, sort_keys=True, default=str)
    return str(text) if record.get("eventID") else hashlib.sha256(text.encode()).hexdigest()


def instant(text: Any) -> datetime | None:
    """Return the time of an event; without a zone it is UTC."""
    if not isinstance(text, str):
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def principal(identity: Mapping[str, Any]) -> str | None:
    """Return who made a call: an ARN, or what comes closest to it."""
    for key in ("arn", "invokedBy", "principalId", "userName", "accountId"):
        if identity.get(key):
            return str(identity[key])
    return None


def resource_ids(record: Mapping[str, Any]) -> list[str]:
    """Return the ids of all resources that a call names in its request or its answer."""
    found = (
        (_LOOSE if key.lower().endswith(("id", "ids")) else _STRICT).fullmatch(text)
        for key, text in _texts(record)
    )
    return sorted({match[1] for match in found if match})


def _texts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each text of a request and its answer with the name of the field that it is in."""
    waiting: list[tuple[str, Any]] = [(part, record.get(part)) for part in _PARTS]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, Mapping):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((key, inner) for inner in value)
