"""The custom role for the subscriptions of Azure: less than the built-in Reader."""

from __future__ import annotations

import json
from collections.abc import Sequence

from auditor.config import Config

NAME = "Cloud Baseline Auditor"
DESCRIPTION = "Read-only inventory for cloud-baseline-auditor"
PLACEHOLDER = "00000000-0000-0000-0000-000000000000"
"""Stands for a subscription where the configuration lists none."""


def as_json(permissions: Sequence[str], config: Config) -> str:
    """Return a role definition as `az role definition create` takes it."""
    role = {
        "Name": NAME,
        "IsCustom": True,
        "Description": DESCRIPTION,
        "Actions": list(permissions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": _scopes(config),
    }
    return json.dumps(role, indent=2)


def as_terraform(permissions: Sequence[str], config: Config) -> str:
    """Return the role as a Terraform resource."""
    scopes = _scopes(config)
    actions = "".join(f"      {json.dumps(p)},\n" for p in permissions)
    return (
        'resource "azurerm_role_definition" "cloud_baseline_auditor" {\n'
        f"  name        = {json.dumps(NAME)}\n"
        f"  description = {json.dumps(DESCRIPTION)}\n"
        f"  scope       = {json.dumps(scopes[0])}\n\n"
        f"  assignable_scopes = {json.dumps(scopes)}\n\n"
        f"  permissions {{\n    actions = [\n{actions}    ]\n  }}\n}}"
    )


def _scopes(config: Config) -> list[str]:
    return [f"/subscriptions/{s}" for s in config.azure.subscriptions or [PLACEHOLDER]]
