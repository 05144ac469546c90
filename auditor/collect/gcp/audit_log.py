"""One entry of an audit log: who did what to which resource, without what they sent as content.

Request bodies hold startup scripts, keys and passwords. Names, references and switches stay;
everything that may be content becomes a hash before the entry leaves `fetch`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.collect.gcp.metadata import SWITCHES, digest_of
from auditor.collect.gcp.names import region_of, within
from auditor.collect.table import Raw, sorted_set
from auditor.model import Scope

BODIES = ("request", "response", "metadata")
"""Parts of an entry that carry what was sent and what came back."""

LINKS = {
    "sourceDisk": "source_disk",
    "sourceImage": "source_image",
    "sourceInstance": "source_instance",
    "sourceInstantSnapshot": "source_instant_snapshot",
    "sourceMachineImage": "source_machine_image",
    "sourceSnapshot": "source_snapshot",
    "source": "attached",
    "instanceTemplate": "template",
    "sourceInstanceTemplate": "template",
    "network": "network",
    "subnetwork": "subnetwork",
    "machineType": "machine_type",
    "targetLink": "target",
    "attachmentTarget": "attachment",
    "firewallPolicyId": "policy",
}
"""Fields of a request or an answer that name another resource, with the role it plays."""

_SECRET = re.compile(
    r"rawkey|rsaencryptedkey|password|passphrase|secret|privatekey|keydata|token$|(?:startup|shutdown|init)[-_]?script",
    re.IGNORECASE,
)
_LONGEST = 512
"""Texts that are longer than any name or reference are content."""

_VERSION = re.compile(r"^(v\d+\w*|beta|alpha)\.")
_OUTCOMES = {True: "success", False: "failure"}


def without_content(entry: Raw) -> dict[str, Any]:
    """Return an entry with hashes in place of scripts, keys and whatever else may be content."""
    payload = entry.get("protoPayload")
    if not isinstance(payload, Mapping):
        return dict(entry)
    clean = {key: _clean(value) if key in BODIES else value for key, value in payload.items()}
    return {**entry, "protoPayload": clean}


def stripped(method: str | None) -> tuple[str | None, str | None]:
    """Return a method without the version of its API, and that version."""
    match = _VERSION.match(method or "")
    if not match or method is None:
        return method, None
    return method[match.end() :], match[1]


def region_of_event(entry: Raw) -> str:
    """Return the region that an entry is about; `global` where it names none."""
    labels = (entry.get("resource") or {}).get("labels") or {}
    name = (entry.get("protoPayload") or {}).get("resourceName")
    place = labels.get("zone") or labels.get("region") or labels.get("location")
    if place and place not in ("global", "-"):
        key = "zone" if re.search(r"-[a-z]$", place) else "region"
        return region_of({key: place})
    return region_of({"selfLink": f"/{name}" if name else None})


def outcome_of(payload: Mapping[str, Any]) -> tuple[str, int]:
    """Return success or failure with the status code; no status means success."""
    code = (payload.get("status") or {}).get("code") or 0
    return _OUTCOMES[code == 0], int(code)


def actor_columns(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return who acted: the identity, what it was delegated by, and where it came from."""
    who = payload.get("authenticationInfo") or {}
    request = payload.get("requestMetadata") or {}
    chain = [
        link.get("principalSubject")
        or (link.get("firstPartyPrincipal") or {}).get("principalEmail")
        for link in who.get("serviceAccountDelegationInfo") or ()
    ]
    return {
        "principal": who.get("principalEmail"),
        "principal_subject": who.get("principalSubject"),
        "service_account_key_name": who.get("serviceAccountKeyName"),
        "delegation_chain": sorted_set(chain),
        "third_party_principal": bool(who.get("thirdPartyPrincipal")),
        "caller_ip": request.get("callerIp"),
        "caller_network": request.get("callerNetwork"),
        "user_agent": request.get("callerSuppliedUserAgent"),
    }


def permission_columns(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return which permissions were used, and which were refused."""
    checked = payload.get("authorizationInfo") or ()
    return {
        "permissions": sorted_set(c.get("permission") for c in checked if c.get("granted")),
        "denied_permissions": sorted_set(
            c.get("permission") for c in checked if not c.get("granted")
        ),
    }


def change_columns(payload: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return what an entry says about the change itself: references, metadata keys, bindings."""
    details = payload.get("metadata") or {}
    delta = details.get("instanceMetadataDelta") or details.get("projectMetadataDelta") or {}
    service = payload.get("serviceData") or {}
    bindings = (service.get("policyDelta") or {}).get("bindingDeltas") or ()
    return {
        "links": sorted(set(_links(payload, scope))),
        "added_metadata_keys": sorted_set(delta.get("addedMetadataKeys") or ()),
        "modified_metadata_keys": sorted_set(delta.get("modifiedMetadataKeys") or ()),
        "deleted_metadata_keys": sorted_set(delta.get("deletedMetadataKeys") or ()),
        "binding_changes": sorted_set(
            f"{b.get('action')} {b.get('role')} {b.get('member')}" for b in bindings
        ),
        "policy_members": sorted(set(_members(payload.get("request")))),
    }


def _links(payload: Mapping[str, Any], scope: Scope) -> Iterator[str]:
    for part in ("request", "response"):
        for key, value in _walk(payload.get(part)):
            if key in LINKS and isinstance(value, str) and value:
                yield f"{LINKS[key]}={within(scope, value)}"


def _members(request: Any) -> Iterator[str]:
    """Yield the bindings of a policy that was set, each member with its role."""
    policy = request.get("policy") if isinstance(request, Mapping) else None
    bindings = policy.get("bindings") if isinstance(policy, Mapping) else None
    for binding in bindings or ():
        for member in binding.get("members") or ():
            yield f"{binding.get('role')} {member}"


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key, inner
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        if isinstance(value.get("key"), str) and isinstance(value.get("value"), str):
            return _clean_item(value)
        return {
            key: _hashed(inner) if _SECRET.search(key) else _clean(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return _hashed(value) if isinstance(value, str) and len(value) > _LONGEST else value


def _clean_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return one item of metadata; the value of a switch stays, if it is as short as one."""
    longest = 8
    if item["key"] in SWITCHES and len(item["value"]) <= longest:
        return dict(item)
    return {**item, "value": _hashed(item["value"])}


def _hashed(value: Any) -> Any:
    if isinstance(value, Mapping) and "sha256" in value:
        return value
    if not value or isinstance(value, bool):
        return value
    size = len(value) if isinstance(value, str | list | Mapping) else None
    return {"sha256": digest_of(value), "length": size}
