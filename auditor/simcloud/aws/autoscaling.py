"""The Auto Scaling actions that an auditor reads, in the query protocol."""

from __future__ import annotations

from auditor.simcloud.aws import query, wire
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.query import Listing
from auditor.simcloud.aws.refusals import region_of
from auditor.simcloud.aws.wire import Call
from auditor.simcloud.http import Answer

LISTINGS = {
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
    # and its neighbours tell how many a page holds
    "DescribeAutoScalingGroups": Listing(
        "AutoScalingGroups",
        lambda estate, call: region_of(estate, call).scaling_groups,
        usual=50,
        most=100,
        named="AutoScalingGroupNames.member",
    ),
    "DescribeAutoScalingInstances": Listing(
        "AutoScalingInstances",
        lambda estate, call: region_of(estate, call).members,
        usual=50,
        most=50,
        named="InstanceIds.member",
    ),
    "DescribeLaunchConfigurations": Listing(
        "LaunchConfigurations",
        lambda estate, call: region_of(estate, call).launch_configurations,
        usual=50,
        most=100,
        named="LaunchConfigurationNames.member",
    ),
}


def answer(estate: Estate, call: Call, request_id: str) -> Answer:
    """Answer an Auto Scaling call."""
    with estate.lock:
        parts = query.listed(LISTINGS, estate, call, size_param="MaxRecords")
    return wire.query_response(call, wire.AUTOSCALING_NAMESPACE, request_id, *parts)
