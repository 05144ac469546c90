"""Findings about groups of instances, over several snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import Lab, Rows

GROUPS, MEMBERS = "aws_autoscaling_groups", "aws_autoscaling_instances"
TEMPLATES, VERSIONS = "aws_ec2_launch_templates", "aws_ec2_launch_template_versions"
INSTANCES = "aws_ec2_instances"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, tables=[GROUPS, MEMBERS, TEMPLATES, VERSIONS, INSTANCES])


def group(latest: int, members: dict[str, int]) -> Rows:
    """A group that follows the latest version, and the version that each member runs."""
    template = {"launch_template_id": "lt-1", "default_version": 1}
    follows = {"launch_template_id": "lt-1", "launch_template_version": "$Latest"}
    return {
        GROUPS: [{"id": "web", "name": "web", **follows}],
        TEMPLATES: [{"id": "lt-1", **template, "latest_version": latest}],
        VERSIONS: [
            {
                "id": f"lt-1/{number}",
                "launch_template_id": "lt-1",
                "version_number": number,
                "image_id": f"ami-{number}",
            }
            for number in range(1, latest + 1)
        ],
        INSTANCES: [{"id": id_, "image_id": f"ami-{number}"} for id_, number in members.items()],
        MEMBERS: [
            {
                "id": id_,
                "group": "web",
                "launch_template_id": "lt-1",
                "launch_template_version": str(number),
            }
            for id_, number in members.items()
        ],
    }


def test_members_that_follow_an_accepted_template_are_silent(lab: Lab) -> None:
    lab.seal(group(1, {"i-1": 1}))
    lab.approve()
    (changed,) = lab.audit(group(2, {"i-1": 1})).active
    assert changed.query_id == "group_template_changed"
    lab.approve([changed])
    assert lab.audit(group(2, {"i-2": 2, "i-3": 2})).active == ()
    template, members = lab.audit(group(3, {"i-2": 2, "i-4": 3})).active
    assert template.reason == (
        "template lt-1:1 -> lt-1:3; image_id: ami-1 -> ami-3; 2 of 2 members run lt-1:2, lt-1:3"
    )
    assert members.reason == ("members run lt-1:2, which is neither approved nor what it makes now")
    lab.approve([template])
    assert lab.audit(group(3, {"i-4": 3})).active == ()
