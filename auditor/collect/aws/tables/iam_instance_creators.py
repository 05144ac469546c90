"""Who may create instances: users and roles that identity policies let them, or nearly.

`auditor/collect/creators.py` says which actions are looked for. Read are inline, attached and
group policies and permissions boundaries. Not read are what an organization forbids (SCPs, RCPs),
policies of resources, and session policies; so the real rights may be fewer, and for resources
that others share, more. The root user may do everything and is in no list of IAM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.policies import Statement, evaluate, statements
from auditor.collect.creators import COLUMNS, Grant, summary
from auditor.collect.table import Raw, ResourceTable, common, strings, tags_from_pairs, text
from auditor.errors import CollectError
from auditor.model import Row, Scope, Status

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
"""What GetAccountAuthorizationDetails answers with, all in the same pages."""

_LEFT_OUT = ("UserPolicyList", "RolePolicyList", "InstanceProfileList", "RoleLastUsed")
"""What is not kept: policies are gathered in `Policies`, and use is no right."""


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each principal with a capability, with the policies that are about it."""
    scope.require("instance_creators")
    found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in LISTS}
    pages = scope.answers("GetAccountAuthorizationDetails", "iam", cursor="Marker", MaxItems=1000)
    for answer in pages:
        for name in LISTS:
            found[name] += answer.get(name) or ()
    groups = {group["GroupName"]: group for group in found["GroupDetailList"]}
    managed = {policy["Arn"]: policy for policy in found["Policies"]}
    for detail in (*found["UserDetailList"], *found["RoleDetailList"]):
        raw = _with_policies(detail, groups, managed)
        if _evaluated(raw)[0]:
            yield raw


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one user or role."""
    grants, restrictions = _evaluated(raw)
    boundary = raw.get("PermissionsBoundary") or {}
    return {
        **common(
            scope,
            raw["Arn"],
            name=raw.get("UserName") or raw.get("RoleName"),
            tags=tags_from_pairs(raw.get("Tags")),
            incarnation_id=raw.get("UserId") or raw.get("RoleId"),
            raw=dict(raw),
        ),
        "principal_id": raw["Arn"],
        "principal_kind": raw["Arn"].rpartition(":")[2].partition("/")[0],
        **summary(grants),
        "path": raw.get("Path"),
        "restrictions": restrictions,
        "permissions_boundary_arn": boundary.get("PermissionsBoundaryArn"),
        "trusted_principals": sorted(set(_trusted(raw.get("AssumeRolePolicyDocument") or {}))),
    }


def _with_policies(
    detail: Mapping[str, Any],
    groups: Mapping[str, Mapping[str, Any]],
    managed: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return a principal with all policies that are about any capability, in `Policies`."""
    holders = [
        (detail, ""),
        *((_group(name, groups), name) for name in detail.get("GroupList", ())),
    ]
    policies: list[dict[str, Any]] = []
    for holder, group in holders:
        own = next((holder[key] for key in _INLINE if holder.get(key)), ())
        policies += [{**policy, "Group": group} for policy in own]
        for policy in holder.get("AttachedManagedPolicies") or ():
            document = _document(policy["PolicyArn"], managed)
            policies.append({**policy, "Group": group, "PolicyDocument": document})
    raw = {key: value for key, value in detail.items() if key not in _LEFT_OUT}
    raw["Policies"] = [policy for policy in policies if list(_statements(policy))]
    boundary = (detail.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    if boundary:
        raw["BoundaryDocument"] = _document(boundary, managed)
    return raw


_INLINE = ("UserPolicyList", "GroupPolicyList", "RolePolicyList")


def _group(name: str, groups: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if name not in groups:
        raise _unlisted(f"the group {name}")
    return groups[name]


def _document(arn: str, managed: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return the document of a managed policy's default version."""
    for version in managed.get(arn, {}).get("PolicyVersionList") or ():
        if version.get("IsDefaultVersion"):
            return version["Document"]
    raise _unlisted(f"the default version of {arn}")


def _unlisted(what: str) -> CollectError:
    """Return what it means that something is referred to and was not in the answer."""
    return CollectError(
        f"GetAccountAuthorizationDetails: the answer lacks {what}",
        status=Status.FAILED,
        kind="partial",
        hint="run again; policies may have changed while they were listed",
    )


def _evaluated(raw: Raw) -> tuple[list[Grant], list[str]]:
    given = [statement for policy in raw.get("Policies") or () for statement in _statements(policy)]
    bounds = None
    if raw.get("PermissionsBoundary"):
        bounds = list(statements(raw.get("BoundaryDocument") or {}, "the permissions boundary"))
    return evaluate(given, bounds, raw["Arn"])


def _statements(policy: Mapping[str, Any]) -> Iterator[Statement]:
    kind = "policy" if policy.get("PolicyArn") else "inline policy"
    by = f"{kind} {policy.get('PolicyArn') or policy.get('PolicyName')}"
    if policy.get("Group"):
        by += f" of group {policy['Group']}"
    yield from statements(policy.get("PolicyDocument") or {}, by)


def _trusted(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield who may assume a role, as its trust policy names them."""
    listed = policy.get("Statement") or ()
    for statement in [listed] if isinstance(listed, Mapping) else listed:
        if statement.get("Effect") != "Allow":
            continue
        limit = " with conditions" if statement.get("Condition") else ""
        every = statement.get("Principal")
        for kind, named in (every if isinstance(every, Mapping) else {"AWS": every}).items():
            for one in named if isinstance(named, list) else [named or "all but some"]:
                yield f"{kind}:{one}{limit}"


TABLE = ResourceTable(
    title="Who may create instances",
    description="Users and roles that may create instances or loosen what protects them; see "
    "aws.instance_creators.",
    columns=(
        *COLUMNS,
        text("path", "Path of its name; roles of AWS services are in /aws-service-role/."),
        strings("restrictions", "What denies or bounds a part of a capability."),
        text("permissions_boundary_arn", "Policy that bounds what it may do."),
        strings("trusted_principals", "Who may assume the role, by its trust policy."),
    ),
    permissions=("iam:GetAccountAuthorizationDetails",),
    fetch=fetch,
    transform=transform,
    regional=False,
    switch="instance_creators",
)
