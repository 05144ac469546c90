"""EC2 launch templates: one row each, with what its default version launches.

A version never changes, so a template gets looser when another version becomes the default: the
columns `default_*` follow it. All versions in use are in `aws_ec2_launch_template_versions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.aws.launch import launch_columns, launch_values
from auditor.collect.aws.userdata import without_user_data
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each launch template with the data of its default version, user data as a hash."""
    versions = scope.pages(
        "DescribeLaunchTemplateVersions",
        "LaunchTemplateVersions",
        Versions=["$Default"],
        IncludeManagedResources=True,
        MaxResults=200,
    )
    data = {
        raw["LaunchTemplateId"]: without_user_data(raw.get("LaunchTemplateData") or {})
        for raw in versions
    }
    for raw in scope.pages(
        "DescribeLaunchTemplates", "LaunchTemplates", IncludeManagedResources=True, MaxResults=200
    ):
        yield {**raw, "DefaultVersionData": data.get(raw["LaunchTemplateId"])}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one launch template."""
    template_id, operator = raw["LaunchTemplateId"], raw.get("Operator") or {}
    data = without_user_data(raw.get("DefaultVersionData") or {})
    arn = ec2_arn(scope, "launch-template", template_id)
    kept = {**raw, "DefaultVersionData": data}
    return {
        **ec2_common(scope, arn, kept, name=raw.get("LaunchTemplateName")),
        "incarnation_id": template_id,
        "launch_template_id": template_id,
        "launch_template_name": raw.get("LaunchTemplateName"),
        "created_by": raw.get("CreatedBy"),
        "create_time": raw.get("CreateTime"),
        "default_version": raw.get("DefaultVersionNumber"),
        "latest_version": raw.get("LatestVersionNumber"),
        "operator_managed": operator.get("Managed"),
        "operator_principal": operator.get("Principal"),
        **launch_values(data, "default_"),
    }


TABLE = ResourceTable(
    title="EC2 launch templates",
    description="What instances are launched from; `default_*` is what the default version says.",
    columns=(
        text("launch_template_id", "Id of the launch template."),
        text("launch_template_name", "Name given at creation."),
        text("created_by", "Principal that created it."),
        timestamp("create_time", "When it was created."),
        integer("default_version", "Version that is used where none is asked for."),
        integer("latest_version", "Version that was created last."),
        boolean("operator_managed", "Whether an AWS service manages it."),
        text("operator_principal", "AWS service that manages it."),
        *launch_columns("default_"),
    ),
    permissions=("ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"),
    fetch=fetch,
    transform=transform,
)
