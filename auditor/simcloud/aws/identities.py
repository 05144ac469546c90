"""Instance profiles and the roles in them: one per service and environment of an account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from urllib.parse import quote

from auditor.simcloud.aws.estate import Account, of_members
from auditor.simcloud.aws.seeding import ENVIRONMENTS, SERVICES
from auditor.simcloud.aws.wire import Resource

ADMIN = "admin-ops"
"""A profile that no generated instance has, with every permission."""
CREATED = "2025-01-02T10:00:00Z"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def fill(account: Account) -> None:
    """Add the profiles of an account, and the policies of the roles in them."""
    for service in SERVICES:
        own = f"arn:aws:iam::{account.id}:policy/{service}-data"
        arns = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", own]
        for environment in ENVIRONMENTS:
            inline = ["read-configuration"] if environment == "prod" else []
            add(account, f"{service}-{environment}", arns, inline)
    add(account, ADMIN, ["arn:aws:iam::aws:policy/AdministratorAccess"])


def add(account: Account, name: str, arns: Sequence[str], inline: Sequence[str] = ()) -> None:
    """Add a profile with a role of the same name that has managed and inline policies."""
    account.profiles.add(name, profile(account.id, name))
    account.attached[name] = of_members()
    account.inline[name] = list(inline)
    for arn in arns:
        policy = arn.rpartition("/")[2]
        account.attached[name].add(policy, {"PolicyName": policy, "PolicyArn": arn})


def profile(account: str, name: str) -> Resource:
    """Make an instance profile with the role of the same name in it."""
    role = {
        "Path": "/",
        "RoleName": name,
        "RoleId": iam_id("AROA", account, name),
        "Arn": f"arn:aws:iam::{account}:role/{name}",
        "CreateDate": CREATED,
        "AssumeRolePolicyDocument": quote(json.dumps(TRUST)),
    }
    return {
        "Path": "/",
        "InstanceProfileName": name,
        "InstanceProfileId": iam_id("AIPA", account, name),
        "Arn": profile_arn(account, name),
        "CreateDate": CREATED,
        "Roles": [role],
    }


def profile_arn(account: str, name: str) -> str:
    """Return the ARN of an instance profile."""
    return f"arn:aws:iam::{account}:instance-profile/{name}"


@cache
def iam_id(prefix: str, account: str, name: str) -> str:
    """Return a unique id such as `AIPA` and 17 letters and digits."""
    digits = hashlib.sha256(f"{prefix}/{account}/{name}".encode()).hexdigest()
    return prefix + digits[:17].upper()
