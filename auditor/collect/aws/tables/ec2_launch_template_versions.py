"""EC2 launch template versions: default, latest and those that Auto Scaling groups name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.aws.launch import launch_columns, launch_values
from auditor.collect.aws.templates import Pin, numbered
from auditor.collect.aws.userdata import without_user_data
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

OPERATION = "DescribeLaunchTemplateVersions"
_GONE = (
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidLaunchTemplateName.NotFoundException",
)


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each version in use once, user data as a hash.

    Default and latest versions of all templates come in one listing; the rest are asked for one
    by one, so that one that was deleted does not hide the others.
    """
    seen: set[tuple[str | None, str]] = set()
    for raw in scope.pages(
        OPERATION,
        "LaunchTemplateVersions",
        Versions=["$Default", "$Latest"],
        IncludeManagedResources=True,
        MaxResults=200,
    ):
        yield from _once(raw, seen)
    groups = scope.pages(
        "DescribeAutoScalingGroups",
        "AutoScalingGroups",
        "autoscaling",
        IncludeInstances=False,
        MaxRecords=100,
    )
    missing = [pin for pin in numbered(groups) if not _known(pin, seen)]
    for answer in scope.call_each(OPERATION, [_one(pin) for pin in missing], gone=_GONE):
        for raw in (answer or {}).get("LaunchTemplateVersions") or ():
            yield from _once(raw, seen)


def _known(pin: Pin, seen: set[tuple[str | None, str]]) -> bool:
    return (pin.template_id or pin.template_name, pin.version) in seen


def _one(pin: Pin) -> dict[str, Any]:
    if pin.template_id:
        return {"LaunchTemplateId": pin.template_id, "Versions": [pin.version]}
    return {"LaunchTemplateName": pin.template_name, "Versions": [pin.version]}


def _once(raw: Raw, seen: set[tuple[str | None, str]]) -> Iterator[Raw]:
    version = str(raw["VersionNumber"])
    if (raw["LaunchTemplateId"], version) in seen:
        return
    seen |= {(raw["LaunchTemplateId"], version), (raw.get("LaunchTemplateName"), version)}
    yield {**raw, "LaunchTemplateData": without_user_data(raw.get("LaunchTemplateData") or {})}


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one version."""
    template_id, number = raw["LaunchTemplateId"], raw["VersionNumber"]
    data = without_user_data(raw.get("LaunchTemplateData") or {})
    operator = raw.get("Operator") or {}
    template = ec2_arn(scope, "launch-template", template_id)
    kept = {**raw, "LaunchTemplateData": data}
    return {
        **ec2_common(scope, f"{template}/{number}", kept, name=raw.get("LaunchTemplateName")),
        "launch_template_id": template_id,
        "launch_template_arn": template,
        "launch_template_name": raw.get("LaunchTemplateName"),
        "version_number": number,
        "version_description": raw.get("VersionDescription"),
        "is_default": raw.get("DefaultVersion"),
        "created_by": raw.get("CreatedBy"),
        "create_time": raw.get("CreateTime"),
        "operator_managed": operator.get("Managed"),
        "operator_principal": operator.get("Principal"),
        **launch_values(data),
    }


TABLE = ResourceTable(
    title="EC2 launch template versions",
    description="Default and latest versions, and those that Auto Scaling groups name.",
    columns=(
        text("launch_template_id", "Launch template that it is a version of."),
        text("launch_template_arn", "resource_id of that launch template."),
        text("launch_template_name", "Name of that launch template."),
        integer("version_number", "Number of the version; its data never changes."),
        text("version_description", "Text given at creation."),
        boolean("is_default", "Whether it is used where no version is asked for."),
        text("created_by", "Principal that created it."),
        timestamp("create_time", "When it was created."),
        boolean("operator_managed", "Whether an AWS service manages it."),
        text("operator_principal", "AWS service that manages it."),
        *launch_columns(),
    ),
    permissions=(
        "ec2:DescribeLaunchTemplateVersions",
        "autoscaling:DescribeAutoScalingGroups",
    ),
    fetch=fetch,
    transform=transform,
    owner="launch_template_arn",
)
