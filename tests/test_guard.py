"""The shrink guard and scaling: two listings that lost the same confirm each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model import Status
from auditor.store.database import reading
from auditor.store.snapshots import coverage_of
from tests.harness import Lab


def estate(instances: int, members: int, volumes: int) -> dict[str, list[dict[str, str]]]:
    return {
        "aws_ec2_instances": [{"id": f"i-{n}"} for n in range(instances)],
        "aws_autoscaling_instances": [{"id": f"i-{n}", "group": "web"} for n in range(members)],
        "aws_ec2_ebs_volumes": [{"id": f"vol-{n}"} for n in range(volumes)],
    }


@pytest.mark.parametrize(
    ("instances", "members", "volumes", "truncated"),
    [
        (13, 3, 30, set()),
        (70, 3, 140, {"aws_autoscaling_instances"}),
        (13, 60, 140, {"aws_ec2_instances"}),
        (0, 60, 140, {"aws_ec2_instances"}),
        (70, 60, 30, {"aws_ec2_ebs_volumes"}),
        (25, 45, 140, set()),
    ],
    ids=[
        "scaled in",
        "members alone",
        "instances alone",
        "all instances",
        "volumes alone",
        "not alike, but few",
    ],
)
def test_listings_confirm_each_other(
    tmp_path: Path, instances: int, members: int, volumes: int, truncated: set[str]
) -> None:
    lab = Lab(tmp_path)
    lab.seal(estate(70, 60, 140))
    second = lab.seal(estate(instances, members, volumes))
    with reading(lab.config.store) as con:
        found = {c.table for c in coverage_of(con, second.id) if c.status is Status.TRUNCATED}
    assert found == truncated


@pytest.mark.parametrize(
    ("ended", "truncated"),
    [(57, set()), (20, {"aws_autoscaling_instances"})],
    ids=["scaled in, and listed a while yet", "more members lost than instances ended"],
)
def test_ended_instances_that_are_listed_are_lost(
    tmp_path: Path, ended: int, truncated: set[str]
) -> None:
    lab = Lab(tmp_path)
    lab.seal(estate(70, 60, 140))
    rows = estate(70, 3, 140)
    for row in rows["aws_ec2_instances"][:ended]:
        row["state"] = "terminated"
    second = lab.seal(rows)
    with reading(lab.config.store) as con:
        found = {c.table for c in coverage_of(con, second.id) if c.status is Status.TRUNCATED}
    assert found == truncated
