"""A year of three small simulated clouds, day by day: what is benign, and what is not."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.simcloud.aws import SimAws
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.aws import scenarios as on_aws
from auditor.simcloud.aws.events import PLATFORM
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.azure import scenarios as on_azure
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from auditor.simcloud.gcp import scenarios as on_gcp

REGION, LOCATION = "us-east-1", "westeurope"
FEW, MANY = 3, 60
"""How many members the group of AWS may have."""

Touched = Mapping[str, list[str]]


@dataclass
class World:
    """An account, a subscription and a project."""

    aws: SimAws
    azure: SimAzure
    gcp: SimGcp

    @property
    def on_aws(self) -> tuple[Any, str, str]:
        """Where a scenario of AWS happens."""
        return self.aws.estate, next(iter(self.aws.estate.accounts)), REGION

    @property
    def on_azure(self) -> tuple[Any, str, str]:
        """Where a scenario of Azure happens."""
        return self.azure.estate, next(iter(self.azure.estate.subscriptions)), LOCATION

    @property
    def on_gcp(self) -> tuple[Any, str]:
        """Where a scenario of Google Cloud happens."""
        return self.gcp.estate, next(iter(self.gcp.estate.projects))

    def sections(self) -> dict[str, Any]:
        """Return the configuration that reads it."""
        return {
            "aws": {"regions": [REGION]},
            "azure": self.azure.configuration(),
            "gcp": self.gcp.configuration(),
        }


@contextlib.contextmanager
def world(instances: int) -> Iterator[World]:
    """Serve three clouds with about this many instances together."""
    third = max(instances // 3, 12)
    with (
        SimAws(aws_estate(regions=[REGION], instances=third)) as aws,
        SimAzure(azure_estate(subscriptions=1, locations=[LOCATION], machines=third)) as azure,
        SimGcp(gcp_estate(projects=1, instances=third)) as gcp,
    ):
        os.environ.update(aws.environment())
        made = World(aws, azure, gcp)
        group = on_aws.asg_scale(*made.on_aws, by=0)["scaling_groups"][0]
        aws.estate.region(*made.on_aws[1:]).scaling_groups.edit(group)["MaxSize"] = MANY + 1
        yield made


def benign(world: World, day: int) -> None:
    """Do what happens on any day: groups scale, addresses change, lists come in another order."""
    rng = random.Random(day)
    estate, account, region = world.on_aws
    here = estate.region(account, region)
    group = on_aws.asg_scale(*world.on_aws, by=0)["scaling_groups"][0]
    target = rng.randint(FEW, MANY)
    on_aws.asg_scale(*world.on_aws, by=target - len(here.members_of[group]))
    on_azure.scale_out(*world.on_azure, count=rng.randint(1, 6))
    on_azure.scale_in(*world.on_azure, count=rng.randint(1, 6))
    on_gcp.scale_out(*world.on_gcp, count=rng.randint(1, 6))
    on_gcp.scale_in(*world.on_gcp, count=rng.randint(1, 6))
    tagged = here.instances.edit(rng.choice(here.instances.ids()))
    tagged["tagSet"] = [*tagged["tagSet"], {"key": f"note-{day}", "value": "seen"}]
    if day % 3 == 0:
        on_aws.churn_public_addresses(*world.on_aws)
        on_azure.churn_public_addresses(*world.on_azure)
        on_gcp.churn_public_addresses(*world.on_gcp)
    if day % 7 == 2:
        on_aws.shuffle(*world.on_aws, seed=day)
        on_azure.shuffle(*world.on_azure, seed=day)
        on_gcp.shuffle(*world.on_gcp, seed=day)
    if day % 7 == 5:
        on_aws.rewrite_rules(*world.on_aws)
        on_azure.rewrite_nsg(*world.on_azure)
        on_gcp.rewrite_firewalls(*world.on_gcp)


def changed(world: World, day: int) -> bool:
    """Do what people plan and then approve: a release every other week, a rebuild each month."""
    if day % 14 == 9:
        script = f"#!/bin/sh\necho release {day}\n"
        on_aws.asg_new_template_version(*world.on_aws, script=script, who=PLATFORM)
        return True
    if day % 30 == 17:
        on_gcp.recreate_instance(*world.on_gcp)
        return True
    return False


Attack = Callable[[World], Touched]

ATTACKS: Sequence[tuple[str, Attack]] = (
    ("AWS: disk copied into a new instance", lambda w: on_aws.snapshot_chain(*w.on_aws)),
    ("AWS: metadata without tokens", lambda w: on_aws.weaken_metadata(*w.on_aws)),
    ("AWS: role attached", lambda w: on_aws.attach_role(*w.on_aws)),
    ("AWS: user data changed", lambda w: on_aws.change_user_data(*w.on_aws)),
    ("AWS: group opened", lambda w: on_aws.open_group(*w.on_aws)),
    ("AWS: member that is none", lambda w: on_aws.rogue_member(*w.on_aws)),
    ("Azure: disk copied into a machine", lambda w: on_azure.snapshot_chain(*w.on_azure)),
    ("Azure: NSG opened", lambda w: on_azure.open_nsg(*w.on_azure)),
    ("Azure: extension added", lambda w: on_azure.add_extension(*w.on_azure)),
    ("GCP: disk copied into an instance", lambda w: on_gcp.snapshot_chain(*w.on_gcp)),
    ("GCP: firewall opened", lambda w: on_gcp.open_firewall(*w.on_gcp)),
    ("GCP: SSH key added", lambda w: on_gcp.add_ssh_key(*w.on_gcp)),
)
"""What is planted in a year."""


def attack_days(days: int) -> dict[int, tuple[str, Attack]]:
    """Return what is planted on which of so many days."""
    return {
        (number + 1) * days // (len(ATTACKS) + 1): attack for number, attack in enumerate(ATTACKS)
    }
