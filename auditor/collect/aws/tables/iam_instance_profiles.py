"""IAM instance profiles: one row each, with the roles that they hand out and what those may do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.launch import canonical
from auditor.collect.table import (
    Raw,
    ResourceTable,
    common,
    sorted_set,
    strings,
    tags_from_pairs,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

_POLICIES = {"ListAttachedRolePolicies": "AttachedPolicies", "ListRolePolicies": "PolicyNames"}


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each instance profile; its roles carry the names of their policies."""
    scope.require("iam")
    profiles = list(
        scope.pages(
            "ListInstanceProfiles", "InstanceProfiles", "iam", cursor="Marker", MaxItems=1000
        )
    )
    names = sorted({role["RoleName"] for raw in profiles for role in raw.get("Roles") or ()})
    policies: dict[str, dict[str, Any]] = {name: {} for name in names}
    for operation, key in _POLICIES.items():
        calls = [{"RoleName": name} for name in names]
        answers = scope.call_each(operation, calls, "iam", gone=("NoSuchEntity",))
        for name, answer in zip(names, answers, strict=True):
            policies[name][key] = list(_all(scope, operation, key, name, answer or {}))
    for raw in profiles:
        roles = [{**role, **policies[role["RoleName"]]} for role in raw.get("Roles") or ()]
        yield {**raw, "Roles": roles}


def _all(
    scope: AwsScope, operation: str, key: str, role: str, first: Mapping[str, Any]
) -> Iterator[Any]:
    yield from first.get(key) or ()
    if first.get("Marker"):
        yield from scope.pages(
            operation, key, "iam", cursor="Marker", RoleName=role, Marker=first["Marker"]
        )


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one instance profile."""
    roles = raw.get("Roles") or []
    attached = [policy for role in roles for policy in role.get("AttachedPolicies") or ()]
    tags = tags_from_pairs(raw.get("Tags"))
    return {
        **common(scope, raw["Arn"], name=raw.get("InstanceProfileName"), tags=tags, raw=dict(raw)),
        "incarnation_id": raw.get("InstanceProfileId"),
        "instance_profile_name": raw.get("InstanceProfileName"),
        "instance_profile_id": raw.get("InstanceProfileId"),
        "path": raw.get("Path"),
        "create_date": raw.get("CreateDate"),
        "role_arns": sorted_set(role.get("Arn") for role in roles),
        "role_names": sorted_set(role.get("RoleName") for role in roles),
        "role_ids": sorted_set(role.get("RoleId") for role in roles),
        "attached_policy_arns": sorted_set(policy.get("PolicyArn") for policy in attached),
        "inline_policy_names": sorted_set(
            name for role in roles for name in role.get("PolicyNames") or ()
        ),
        "permissions_boundary_arns": sorted_set(
            (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") for role in roles
        ),
        "trust_policy_sha256": sorted_set(
            _sha256(role.get("AssumeRolePolicyDocument")) for role in roles
        ),
    }


def _sha256(policy: Any) -> str | None:
    """Return the hash of a policy, whatever the order in which it is written."""
    text_of = canonical(policy)
    return hashlib.sha256(text_of.encode()).hexdigest() if text_of is not None else None


TABLE = ResourceTable(
    title="IAM instance profiles",
    description="Roles that instances may get; see aws.iam.",
    columns=(
        text("instance_profile_name", "Name; unique in the account."),
        text("instance_profile_id", "Id; never used again for another one."),
        text("path", "Path of its name."),
        timestamp("create_date", "When it was created."),
        strings("role_arns", "Roles whose credentials it hands out."),
        strings("role_names", "Names of those roles."),
        strings("role_ids", "Ids of those roles: another one is another role of that name."),
        strings("attached_policy_arns", "Managed policies of those roles."),
        strings("inline_policy_names", "Names of the policies inside those roles."),
        strings("permissions_boundary_arns", "Policies that bound what those roles may do."),
        strings("trust_policy_sha256", "sha256 (hex) of who may assume those roles."),
    ),
    permissions=(
        "iam:ListInstanceProfiles",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    ),
    fetch=fetch,
    transform=transform,
    regional=False,
    switch="iam",
)
