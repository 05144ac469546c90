"""The custom role for the projects of Google Cloud: less than the built-in Compute Viewer."""

from __future__ import annotations

import json
from collections.abc import Sequence

from auditor.config import Config

NAME = "cloudBaselineAuditor"
TITLE = "Cloud Baseline Auditor"
DESCRIPTION = "Read-only inventory for cloud-baseline-auditor"


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
    gcp = config.gcp
    kind, level = "google_project_iam_custom_role", ""
    if gcp.organization:
        kind = "google_organization_iam_custom_role"
        level = f"  org_id      = {json.dumps(gcp.organization)}\n"
    elif len(gcp.projects) == 1:
        level = f"  project     = {json.dumps(gcp.projects[0])}\n"
    lines = "".join(f"    {json.dumps(p)},\n" for p in permissions)
    return (
        f'resource "{kind}" "cloud_baseline_auditor" {{\n'
        f"  role_id     = {json.dumps(NAME)}\n{level}"
        f"  title       = {json.dumps(TITLE)}\n"
        f"  description = {json.dumps(DESCRIPTION)}\n"
        f"  permissions = [\n{lines}  ]\n}}"
    )
