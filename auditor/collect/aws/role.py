"""The policy of the read-only role in each AWS account."""

from __future__ import annotations

import json
from collections.abc import Sequence

from auditor.config import Config

STARTER = ("organizations:ListAccounts", "sts:AssumeRole")
"""What the identity that starts a run needs to reach the accounts; the roles there do not."""


def as_json(permissions: Sequence[str], config: Config) -> str:
    """Return an IAM policy. All actions are List or Read; Describe actions know only `*`."""
    statements: list[dict[str, object]] = [
        {
            "Sid": "CloudBaselineAuditor",
            "Effect": "Allow",
            "Action": [p for p in permissions if p not in STARTER],
            "Resource": "*",
        }
    ]
    if "organizations:ListAccounts" in permissions:
        statements.append(
            {
                "Sid": "OnlyTheIdentityThatStartsRunsLists",
                "Effect": "Allow",
                "Action": "organizations:ListAccounts",
                "Resource": "*",
            }
        )
    if "sts:AssumeRole" in permissions:
        statements.append(
            {
                "Sid": "OnlyTheIdentityThatStartsRunsAssumes",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": _roles(config),
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def as_terraform(permissions: Sequence[str], config: Config) -> str:
    """Return the policy as a Terraform resource."""
    body = as_json(permissions, config).replace("\n", "\n  ")
    return (
        'resource "aws_iam_policy" "cloud_baseline_auditor" {\n'
        '  name        = "cloud-baseline-auditor"\n'
        '  description = "Read-only inventory for cloud-baseline-auditor"\n'
        f"  policy      = jsonencode({body})\n}}"
    )


def _roles(config: Config) -> list[str]:
    if config.aws.organization is not None:
        return [f"arn:aws:iam::*:role/{config.aws.organization.role_name}"]
    return sorted({a.role_arn for a in config.aws.accounts if a.role_arn})
