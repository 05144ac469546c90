"""EC2 flow logs: one row each; which traffic is logged where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each flow log."""
    yield from scope.pages("DescribeFlowLogs", "FlowLogs", MaxResults=1000)


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one flow log."""
    log_id, options = raw["FlowLogId"], raw.get("DestinationOptions") or {}
    return {
        **ec2_common(scope, ec2_arn(scope, "vpc-flow-log", log_id), raw),
        "incarnation_id": log_id,
        "flow_log_id": log_id,
        "monitored_resource_id": raw.get("ResourceId"),
        "traffic_type": raw.get("TrafficType"),
        "status": raw.get("FlowLogStatus"),
        "deliver_status": raw.get("DeliverLogsStatus"),
        "deliver_error": raw.get("DeliverLogsErrorMessage"),
        "deliver_role_arn": raw.get("DeliverLogsPermissionArn"),
        "cross_account_role_arn": raw.get("DeliverCrossAccountRole"),
        "destination_type": raw.get("LogDestinationType"),
        "destination": raw.get("LogDestination"),
        "log_group_name": raw.get("LogGroupName"),
        "log_format": raw.get("LogFormat"),
        "max_aggregation_interval": raw.get("MaxAggregationInterval"),
        "file_format": options.get("FileFormat"),
        "hive_compatible_partitions": options.get("HiveCompatiblePartitions"),
        "per_hour_partition": options.get("PerHourPartition"),
        "creation_time": raw.get("CreationTime"),
    }


TABLE = ResourceTable(
    title="EC2 flow logs",
    description="Logs of the traffic of VPCs, subnets and network interfaces.",
    columns=(
        text("flow_log_id", "Id of the flow log."),
        text("monitored_resource_id", "VPC, subnet, interface or gateway whose traffic it logs."),
        text("traffic_type", "ALL, ACCEPT or REJECT."),
        text("status", "ACTIVE, or what else the service says."),
        text("deliver_status", "Whether the last delivery worked.", volatile=True),
        text("deliver_error", "Why it did not.", volatile=True),
        text("deliver_role_arn", "Role that delivers it."),
        text("cross_account_role_arn", "Role of another account that delivers it."),
        text("destination_type", "cloud-watch-logs, s3 or kinesis-data-firehose."),
        text("destination", "ARN of where it goes."),
        text("log_group_name", "Log group that it goes to."),
        text("log_format", "Fields of each line."),
        integer("max_aggregation_interval", "Seconds that flows are gathered for."),
        text("file_format", "plain-text or parquet."),
        boolean("hive_compatible_partitions", "Whether folders are named for Hive."),
        boolean("per_hour_partition", "Whether there is a folder per hour."),
        timestamp("creation_time", "When it was created."),
    ),
    permissions=("ec2:DescribeFlowLogs",),
    fetch=fetch,
    transform=transform,
)
