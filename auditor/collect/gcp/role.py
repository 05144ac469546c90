"""The custom role for the projects of Google Cloud: less than the built-in Compute Viewer."""

from __future__ import annotations

import json
from collections.abc import Sequence

from auditor.config import Config, GcpConfig

NAME = "cloudBaselineAuditor"
TITLE = "Cloud Baseline Auditor"
DESCRIPTION = "Read-only inventory for cloud-baseline-auditor"
PLACEHOLDER = "000000000000"
"""Stands for the organisation where the configuration names only a folder of it."""


def as_json(permissions: Sequence[str], config: Config) -> str:  # noqa: ARG001  # as all clouds
    """Return a role as `gcloud iam roles create --file` takes it."""
    role = {
        "title": TITLE,
        "description": DESCRIPTION,
        "stage": "GA",
        "includedPermissions": list(permissions),
    }
    return json.dumps(role, indent=2)


def as_terraform(permissions: Sequence[str], config: Config) -> str:
    """Return the role as a Terraform resource, at the level that the configuration reads."""
    kind, level = _level(config.gcp)
    lines = "".join(f"    {json.dumps(p)},\n" for p in permissions)
    return (
        f'resource "{kind}" "cloud_baseline_auditor" {{\n'
        f"  role_id     = {json.dumps(NAME)}\n{level}"
        f"  title       = {json.dumps(TITLE)}\n"
        f"  description = {json.dumps(DESCRIPTION)}\n"
        f"  permissions = [\n{lines}  ]\n}}"
    )


def _level(config: GcpConfig) -> tuple[str, str]:
    """Return the kind of Terraform resource, and the lines that say where the role is.

    A role of a project cannot hold permissions on folders, nor be granted in another project.
    """
    if config.organization or config.folder:
        number = (config.organization or PLACEHOLDER).removeprefix("organizations/")
        return "google_organization_iam_custom_role", f"  org_id      = {json.dumps(number)}\n"
    level = ""
    if len(config.projects) == 1:
        level = f"  project     = {json.dumps(config.projects[0])}\n"
    elif config.projects:
        level = (
            f"  for_each    = toset({json.dumps(sorted(set(config.projects)))})\n"
            "  project     = each.value\n"
        )
    return "google_project_iam_custom_role", level
