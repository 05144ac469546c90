"""The least that a credential must be allowed, as the tables declare it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from auditor.collect.catalog import all_tables, select_tables
from auditor.collect.clouds import session_permissions
from auditor.config import Config
from auditor.errors import UsageError

FORMATS = ("json", "terraform")


STARTER = ("organizations:ListAccounts", "sts:AssumeRole")
"""What the identity that starts a run needs to reach the accounts; the roles there do not."""


def required(config: Config, cloud: str) -> list[str]:
    """Return the permissions that a run with this configuration uses, sorted."""
    tables, _ = select_tables(all_tables(), config.run.tables, config.run.skip_tables)
    section = getattr(config, cloud)
    of_cloud = [
        table
        for table in tables
        if table.cloud == cloud and (table.switch is None or getattr(section, table.switch))
    ]
    own = session_permissions(cloud, config)
    return sorted({p for table in of_cloud for p in table.permissions} | set(own))


def policy(config: Config, cloud: str, form: str) -> str:
    """Return the policy to attach to the read-only role, as JSON or Terraform."""
    if form not in FORMATS:
        raise UsageError(f"--format {form!r}", hint=f"one of {', '.join(FORMATS)}")
    document = _aws_policy(required(config, cloud), config)
    if form == "json":
        return json.dumps(document, indent=2)
    body = json.dumps(document, indent=2).replace("\n", "\n  ")
    return (
        'resource "aws_iam_policy" "cloud_baseline_auditor" {\n'
        '  name        = "cloud-baseline-auditor"\n'
        '  description = "Read-only inventory for cloud-baseline-auditor"\n'
        f"  policy      = jsonencode({body})\n}}"
    )


def _aws_policy(actions: Iterable[str], config: Config) -> dict[str, object]:
    """Everything is List or Read; EC2's Describe actions know no resources but `*`."""
    actions = list(actions)
    statements: list[dict[str, object]] = [
        {
            "Sid": "CloudBaselineAuditor",
            "Effect": "Allow",
            "Action": [a for a in actions if a not in STARTER],
            "Resource": "*",
        }
    ]
    if "organizations:ListAccounts" in actions:
        statements.append(
            {
                "Sid": "OnlyTheIdentityThatStartsRunsLists",
                "Effect": "Allow",
                "Action": "organizations:ListAccounts",
                "Resource": "*",
            }
        )
    if "sts:AssumeRole" in actions:
        statements.append(
            {
                "Sid": "OnlyTheIdentityThatStartsRunsAssumes",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": _roles(config),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _roles(config: Config) -> list[str]:
    if config.aws.organization is not None:
        return [f"arn:aws:iam::*:role/{config.aws.organization.role_name}"]
    return sorted({a.role_arn for a in config.aws.accounts if a.role_arn})
