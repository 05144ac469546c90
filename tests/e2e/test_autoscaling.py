"""Autoscaling in three clouds through the command line: silent, but for what hides in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from auditor.simcloud.aws import SimAws
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.aws import scenarios as on_aws
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.azure import scenarios as on_azure
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from auditor.simcloud.gcp import scenarios as on_gcp
from tests.e2e.conftest import Cli
from tests.harness import section

REGION, LOCATION = "us-east-1", "westeurope"
TABLES = (
    *("aws_autoscaling_*", "aws_ec2_instance*", "aws_ec2_launch_template*", "aws_ec2_security_*"),
    *("aws_ec2_network_interfaces", "azure_compute_virtual_*", "azure_network_interfaces"),
    *("azure_network_security_*", "azure_network_scale_set_*", "gcp_compute_instance*"),
    *("gcp_compute_managed_instances", "gcp_compute_disks", "gcp_compute_firewalls"),
)
FEW, MANY = 3, 60


@dataclass
class World:
    """An account, a subscription and a project with groups of instances."""

    cli: Cli
    aws: SimAws
    azure: SimAzure
    gcp: SimGcp

    @property
    def here(self) -> tuple[str, str]:
        return next(iter(self.aws.estate.accounts)), REGION

    @property
    def region(self) -> Region:
        return self.aws.estate.region(*self.here)

    def found(self) -> tuple[int, set[tuple[str, str, str]]]:
        """Run, and return the exit code and what is found: query, verdict, end of the id."""
        code, document = self.cli.run()
        found = [f for f in document["findings"] if f["status"] != "resolved"]
        return code, {(f["query_id"], f["verdict"], _end(f)) for f in found}

    def scale(self, size: int, group: str) -> list[str]:
        by = size - len(self.region.members_of[group])
        return on_aws.asg_scale(self.aws.estate, *self.here, by=by)["instances"]


def _end(finding: dict[str, Any]) -> str:
    return str(finding["resource_id"]).rpartition("/")[2]


@pytest.fixture
def world(cli: Cli) -> Iterator[World]:
    with (
        SimAws(aws_estate(regions=[REGION], instances=20)) as aws,
        SimAzure(azure_estate(subscriptions=1, locations=[LOCATION], machines=10)) as azure,
        SimGcp(gcp_estate(projects=1, instances=20)) as gcp,
    ):
        cli.environment = {**cli.environment, **aws.environment()}
        cli.configure(
            f"[run]\ntables = {list(TABLES)}\n"
            + section("aws", {"regions": [REGION]})
            + section("azure", azure.configuration())
            + section("gcp", gcp.configuration())
        )
        yield World(cli, aws, azure, gcp)


def approve(world: World) -> str:
    """Scale the first group of AWS to a few members, approve everything, and return its name."""
    group = on_aws.asg_scale(world.aws.estate, *world.here, by=0)["scaling_groups"][0]
    world.region.scaling_groups.edit(group)["MaxSize"] = MANY + 1
    world.scale(FEW, group)
    assert world.cli.run()[0] == 4
    assert world.cli("baseline", "approve", "--reason", "all of it", "--yes").returncode == 0
    return group


def test_churn_is_silent_and_what_hides_in_it_is_found(world: World) -> None:
    group = approve(world)
    subscription = next(iter(world.azure.estate.subscriptions))
    project = next(iter(world.gcp.estate.projects))
    world.scale(MANY, group)
    on_azure.scale_out(world.azure.estate, subscription, LOCATION, count=20)
    on_azure.scale_in(world.azure.estate, subscription, LOCATION, count=3)
    on_gcp.scale_out(world.gcp.estate, project, count=20)
    on_gcp.scale_in(world.gcp.estate, project, count=3)
    assert world.found() == (0, set())
    world.scale(FEW, group)
    assert world.found() == (0, set())
    world.scale(MANY, group)
    assert world.found() == (0, set())
    for number in range(3):
        script = f"#!/bin/sh\necho {number}\n"
        on_aws.asg_new_template_version(world.aws.estate, *world.here, script=script)
        world.scale(FEW, group)
        world.scale(MANY, group)
    [spoofed] = on_aws.rogue_member(world.aws.estate, *world.here)["instances"]
    [rogue] = on_aws.asg_scale(world.aws.estate, *world.here, by=1)["instances"]
    world.region.instances.edit(rogue)["imageId"] = world.region.images.ids()[-1]
    [member, *_] = on_azure.scale_out(world.azure.estate, subscription, LOCATION)["members"]
    sets = world.azure.estate.subscriptions[subscription].members.values()
    [vm] = [own["virtualMachines"][member] for own in sets if member in own["virtualMachines"]]
    vm["properties"]["storageProfile"]["imageReference"]["sku"] = "elsewhere"
    [tagged, *_] = on_gcp.scale_out(world.gcp.estate, project)["instances"]
    world.gcp.estate.projects[project].instances.edit(tagged)["tags"]["items"].append("temp-access")
    code, found = world.found()
    assert code == 3
    assert found == {
        ("group_template_changed", "LOOSENED", group),
        ("group_template_changed", "SUSPICIOUS", group),
        ("new_instance", "NEW", spoofed),
        ("group_member_unconfirmed", "SUSPICIOUS", spoofed),
        ("group_member_deviates", "SUSPICIOUS", rogue),
        ("group_member_deviates", "SUSPICIOUS", member.rpartition("/")[2]),
        ("group_member_deviates", "LOOSENED", tagged.rpartition("/")[2]),
    }
