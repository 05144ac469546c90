"""Users, groups and roles of an account with their policies, as one IAM call lists them all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from auditor.simcloud.aws.estate import Account
from auditor.simcloud.aws.identities import CREATED, iam_id
from auditor.simcloud.aws.wire import Resource

AWS_OWN = "arn:aws:iam::aws:policy/"
BOUNDARY = "only-storage"
DOCUMENTS: dict[str, Resource] = {
    "AdministratorAccess": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    "AmazonEC2FullAccess": {
        "Effect": "Allow",
        "Action": ["ec2:*", "autoscaling:*", "cloudwatch:*"],
        "Resource": "*",
    },
    "PowerUserAccess": {
        "Effect": "Allow",
        "NotAction": ["iam:*", "organizations:*", "account:*"],
        "Resource": "*",
    },
    "ReadOnlyAccess": {"Effect": "Allow", "Action": ["ec2:Describe*", "s3:Get*"], "Resource": "*"},
    BOUNDARY: {"Effect": "Allow", "Action": ["s3:*", "ec2:CreateSnapshot"], "Resource": "*"},
}
"""The one statement of each managed policy that says something of instances, by name."""
OTHERS: Resource = {
    "Effect": "Allow",
    "Action": ["ssm:Get*", "s3:GetObject"],
    "Resource": "*",
}
"""The statement of every other policy."""


def fill(account: Account) -> None:
    """Add people, a group, and roles that no instance has."""
    account.groups["platform"] = [f"{AWS_OWN}AmazonEC2FullAccess"]
    add_user(account, "ada", groups=["platform"])
    nearby = {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}}
    starts = {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}
    add_user(account, "bob", inline={"one-region": starts | {"Condition": nearby}})
    add_user(account, "carol", attached=[f"{AWS_OWN}ReadOnlyAccess"])
    add_user(
        account,
        "dave",
        attached=[f"{AWS_OWN}AdministratorAccess"],
        boundary=f"arn:aws:iam::{account.id}:policy/{BOUNDARY}",
    )
    passes = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": f"arn:aws:iam::{account.id}:role/web-*",
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    add_role(account, "deploy", [f"{AWS_OWN}PowerUserAccess"], {"pass": passes}, trust)


def add_user(
    account: Account,
    name: str,
    *,
    groups: Sequence[str] = (),
    attached: Sequence[str] = (),
    inline: Mapping[str, Resource] | None = None,
    boundary: str | None = None,
) -> None:
    """Add a user with the ARNs of managed policies and the statements of its own ones."""
    account.users[name] = {
        "Path": "/",
        "UserName": name,
        "UserId": iam_id("AIDA", account.id, name),
        "Arn": f"arn:aws:iam::{account.id}:user/{name}",
        "CreateDate": CREATED,
        "UserPolicyList": _inline(inline or {}),
        "GroupList": list(groups),
        "AttachedManagedPolicies": _attached(attached),
        **_bound(boundary),
    }


def add_role(
    account: Account,
    name: str,
    attached: Sequence[str],
    inline: Mapping[str, Resource],
    trust: Resource,
) -> None:
    """Add a role that no instance profile has."""
    account.other_roles[name] = {
        "Path": "/",
        "RoleName": name,
        "RoleId": iam_id("AROA", account.id, name),
        "Arn": f"arn:aws:iam::{account.id}:role/{name}",
        "CreateDate": CREATED,
        "AssumeRolePolicyDocument": _document(trust),
        "InstanceProfileList": [],
        "RolePolicyList": _inline(inline),
        "AttachedManagedPolicies": _attached(attached),
        "RoleLastUsed": {"LastUsedDate": CREATED, "Region": "us-east-1"},
    }


def listed(account: Account) -> list[tuple[str, Resource]]:
    """Return everything that GetAccountAuthorizationDetails lists, with the list it is in."""
    users = [("UserDetailList", user) for user in account.users.values()]
    groups = [("GroupDetailList", _group(account, name)) for name in account.groups]
    roles = [("RoleDetailList", role) for role in _roles(account)]
    arns = sorted({arn for _, holder in (*users, *groups, *roles) for arn in _referred(holder)})
    return [*users, *groups, *roles, *(("Policies", _policy(arn)) for arn in arns)]


def _roles(account: Account) -> Iterator[Resource]:
    for name in account.profiles.ids():
        profile = account.profiles.get(name)
        own = dict.fromkeys(account.inline[name], OTHERS)
        managed = account.attached[name]
        yield {
            **profile["Roles"][0],
            "InstanceProfileList": [profile],
            "RolePolicyList": _inline(own),
            "AttachedManagedPolicies": [managed.get(policy) for policy in managed.ids()],
        }
    yield from account.other_roles.values()


def _group(account: Account, name: str) -> Resource:
    return {
        "Path": "/",
        "GroupName": name,
        "GroupId": iam_id("AGPA", account.id, name),
        "Arn": f"arn:aws:iam::{account.id}:group/{name}",
        "CreateDate": CREATED,
        "GroupPolicyList": [],
        "AttachedManagedPolicies": _attached(account.groups[name]),
    }


def _referred(holder: Resource) -> Iterator[str]:
    for policy in holder["AttachedManagedPolicies"]:
        yield policy["PolicyArn"]
    if "PermissionsBoundary" in holder:
        yield holder["PermissionsBoundary"]["PermissionsBoundaryArn"]


def _policy(arn: str) -> Resource:
    name = arn.rpartition("/")[2]
    old = {"VersionId": "v1", "IsDefaultVersion": False, "Document": _document(OTHERS)}
    used = {"VersionId": "v2", "IsDefaultVersion": True}
    return {
        "PolicyName": name,
        "PolicyId": iam_id("ANPA", "policy", arn),
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v2",
        "IsAttachable": True,
        "CreateDate": CREATED,
        "UpdateDate": CREATED,
        "PolicyVersionList": [used | {"Document": _document(DOCUMENTS.get(name, OTHERS))}, old],
    }


def _attached(arns: Sequence[str]) -> list[Resource]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


def _inline(policies: Mapping[str, Any]) -> list[Resource]:
    return [
        {"PolicyName": name, "PolicyDocument": _document(statement)}
        for name, statement in policies.items()
    ]


def _bound(arn: str | None) -> Resource:
    if arn is None:
        return {}
    return {
        "PermissionsBoundary": {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": arn,
        }
    }


def _document(statement: Resource) -> str:
    """Write a policy of one statement as IAM answers with it: percent-encoded."""
    return quote(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
