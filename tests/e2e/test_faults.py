"""Each scope with a fault of its own, in three clouds at once: told exactly, nothing else lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.azure.estate import DELETED, DISABLED, ENABLED
from auditor.simcloud.azure.paging import MACHINES_TIMES
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from auditor.simcloud.gcp.estate import Project
from auditor.simcloud.server import SimCloud
from tests.e2e.conftest import Cli, read
from tests.harness import section

INSTANCES, GROUPS = "aws_ec2_instances", "aws_ec2_security_groups"
MACHINES, NSGS = "azure_compute_virtual_machines", "azure_network_security_groups"
GCP_INSTANCES, FIREWALLS = "gcp_compute_instances", "gcp_compute_firewalls"
TABLES = (INSTANCES, GROUPS, MACHINES, NSGS, GCP_INSTANCES, FIREWALLS)

VM = "Microsoft.Compute/virtualMachines"
NSG = "Microsoft.Network/networkSecurityGroups"
AGGREGATED = "instances.aggregatedList"
REGIONS = (
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-north-1",
    "ap-south-1",
    "sa-east-1",
    "ca-central-1",
    "us-west-1",
)
ZONE = "us-central1-b"
PAGE = 20
PER_SCOPE = 3 * PAGE
"""Instances per region, subscription or project."""
SCOPES = {"aws": 8, "azure": 8, "gcp": 9}
SHRUNK = ("truncated", "shrink", f"{PAGE} rows where the last complete reading had {PER_SCOPE}")

Key = tuple[str, str, str]
Outcome = tuple[str, str | None, str]


@dataclass
class World:
    """The command line, and three clouds that it reads."""

    cli: Cli
    aws: SimAws
    azure: SimAzure
    gcp: SimGcp

    @property
    def clouds(self) -> tuple[SimCloud, ...]:
        return self.aws, self.azure, self.gcp

    def configure(self, tables: tuple[str, ...] = TABLES, **run: object) -> None:
        """Write a configuration that reads every account of the clouds."""
        self.cli.environment |= self.aws.environment()
        keys = {"tables": tables, "max_attempts": 2, "read_timeout": 1, "deadline": 60, **run}
        self.cli.configure(
            section("run", keys)
            + section("aws", {"regions": list(self.aws.estate.management.regions)})
            + section("azure", self.azure.configuration())
            + section("gcp", self.gcp.configuration())
        )

    def heal(self, *, but_not: str = "") -> None:
        """End all faults but those of one kind."""
        for cloud in self.clouds:
            cloud.inject(*(fault for fault in cloud.faults if fault.kind == but_not))


@contextmanager
def worlds(cli: Cli, *, aws: int = 1, azure: int = 1, gcp: int = 1) -> Iterator[World]:
    """Serve so many regions, subscriptions and projects, in small pages."""
    instances = aws_estate(regions=REGIONS[:aws], instances=PER_SCOPE)
    machines = azure_estate(subscriptions=azure, machines=PER_SCOPE)
    projects = gcp_estate(projects=gcp, instances=PER_SCOPE)
    with (
        SimAws(instances, page_size=PAGE) as one,
        SimAzure(machines, page_size=PAGE // MACHINES_TIMES) as two,
        SimGcp(projects, page_size=PAGE) as three,
    ):
        yield World(cli, one, two, three)


def outcomes(document: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    return {(c["account_id"], c["region"], c["table"]): c for c in read(document)}


def incomplete(document: dict[str, Any]) -> dict[Key, dict[str, Any]]:
    return {k: c for k, c in outcomes(document).items() if c["status"] != "complete"}


def rows(document: dict[str, Any]) -> dict[Key, int]:
    """Rows of what was read completely."""
    return {k: c["rows"] for k, c in outcomes(document).items() if c["status"] == "complete"}


def active(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [f for f in document["findings"] if f["status"] != "resolved"]


def check_said(document: dict[str, Any], expected: Mapping[Key, Outcome]) -> None:
    """Compare what is incomplete with what should be: status, kind, and words of the detail."""
    found = incomplete(document)
    assert {k: (c["status"], c["error_kind"]) for k, c in found.items()} == {
        key: (status, kind) for key, (status, kind, _) in expected.items()
    }
    for key, (_, _, words) in expected.items():
        assert words in found[key]["detail"], key


def check_only_unknown(document: dict[str, Any]) -> None:
    """Check that the incomplete scopes are told as such, and nothing else is."""
    assert {f["verdict"] for f in document["findings"]} == {"UNKNOWN"}
    told = {(f["account_id"], f["region"]) for f in active(document)}
    unread = {(account, region) for account, region, _ in incomplete(document)}
    # NOTE: a subscription that cannot be opened is unread in all regions, of which it has one
    assert told == {(account, region.replace("*", "global")) for account, region in unread}


def harm_aws(world: World) -> dict[Key, Outcome]:
    account, home = world.aws.estate.management.id, REGIONS[0]
    repeated, stalled, malformed, closed, unknown, slow, shrunk = REGIONS[1:]
    world.aws.inject(
        Fault("repeat_token", region=repeated, action="DescribeInstances"),
        Fault("stall_body", region=stalled, action="DescribeInstances", seconds=300),
        Fault("malformed", region=malformed, action="DescribeSecurityGroups"),
        Fault("deny", region=closed, code="OptInRequired", status=401),
        Fault("deny", region=unknown, code="AuthFailure", status=401),
        Fault("throttle", region=slow, action="DescribeInstances", skip=1, times=1),
        Fault("cut", region=slow, action="DescribeSecurityGroups", times=1),
        Fault("unavailable", region=home, action="DescribeInstances", times=1),
        Fault("drop_token", region=shrunk, action="DescribeInstances"),
    )
    opt_in = ("disabled", "disabled", "OptInRequired")
    no_such = ("denied", "credentials", "enable the region or leave it out of aws.regions")
    return {
        (account, repeated, INSTANCES): ("truncated", "malformed", "repeated a page token"),
        (account, stalled, INSTANCES): ("failed", "unavailable", f"no answer from {world.aws.url}"),
        (account, malformed, GROUPS): ("failed", "malformed", "not in the service's format"),
        (account, closed, INSTANCES): opt_in,
        (account, closed, GROUPS): opt_in,
        (account, unknown, INSTANCES): no_such,
        (account, unknown, GROUPS): no_such,
        (account, shrunk, INSTANCES): SHRUNK,
    }


def harm_azure(world: World) -> dict[Key, Outcome]:
    subscriptions = world.azure.estate.subscriptions
    repeated, stalled, malformed, disabled, deleted, slow, shrunk, _ = subscriptions
    subscriptions[disabled].state = DISABLED
    subscriptions[deleted].state = DELETED
    world.azure.inject(
        Fault("repeat_token", account=repeated, action=VM),
        Fault("stall_body", account=stalled, action=VM, seconds=300),
        Fault("malformed", account=malformed, action=NSG),
        Fault("throttle", account=slow, action=NSG, times=1),
        Fault("malformed", account=slow, action=VM, skip=1, times=1),
        Fault("drop_token", account=shrunk, action=VM),
    )
    closed = ("disabled", "disabled", "enable the subscription, or leave it out")
    gone = ("disabled", "disabled", "SubscriptionNotFound")
    return {
        (repeated, "global", MACHINES): ("truncated", "malformed", "repeated a page"),
        (stalled, "global", MACHINES): (
            "failed",
            "unavailable",
            f"no answer from {world.azure.url}",
        ),
        (malformed, "global", NSGS): ("failed", "malformed", "not in the service's format"),
        (disabled, "*", MACHINES): closed,
        (disabled, "*", NSGS): closed,
        (deleted, "*", MACHINES): gone,
        (deleted, "*", NSGS): gone,
        (shrunk, "global", MACHINES): SHRUNK,
    }


def harm_gcp(world: World) -> dict[Key, Outcome]:
    projects = world.gcp.estate.projects
    repeated, stalled, malformed, off, torn, slow, shrunk, gone, _ = projects
    projects[off].disabled.add("compute")
    projects[torn].unreachable.add(f"zones/{ZONE}")
    del projects[gone]
    world.gcp.inject(
        Fault("repeat_token", account=repeated, action=AGGREGATED),
        Fault("stall_body", account=stalled, action=AGGREGATED, seconds=300),
        Fault("malformed", account=malformed, action="firewalls.list"),
        Fault("throttle", account=slow, action=AGGREGATED, skip=1, times=1),
        Fault("throttle", account=slow, action="firewalls.list", times=1, status=403),
        Fault("drop_token", account=shrunk, action=AGGREGATED),
    )
    switched_off = ("disabled", "disabled", "SERVICE_DISABLED")
    missing = ("disabled", "disabled", "HTTP 404 (NOT_FOUND, notFound)")
    return {
        (repeated, "global", GCP_INSTANCES): ("truncated", "malformed", "repeated a page token"),
        (stalled, "global", GCP_INSTANCES): (
            "failed",
            "unavailable",
            f"no answer from {world.gcp.url}",
        ),
        (malformed, "global", FIREWALLS): ("failed", "malformed", "not a JSON object"),
        (off, "global", GCP_INSTANCES): switched_off,
        (off, "global", FIREWALLS): switched_off,
        (torn, "global", GCP_INSTANCES): ("failed", "partial", f"zones/{ZONE} (UNREACHABLE)"),
        (gone, "global", GCP_INSTANCES): missing,
        (gone, "global", FIREWALLS): missing,
        (shrunk, "global", GCP_INSTANCES): SHRUNK,
    }


def mend(world: World, projects: Mapping[str, Project]) -> None:
    """End all faults but the lost pages."""
    world.heal(but_not="drop_token")
    for subscription in world.azure.estate.subscriptions.values():
        subscription.state = ENABLED
    world.gcp.estate.projects.update(projects)
    for project in projects.values():
        project.disabled.clear()
        project.unreachable.clear()


def test_each_scope_has_a_fault_of_its_own(cli: Cli) -> None:
    """A listing that lost most of its pages is believed the second time."""
    with worlds(cli, **SCOPES) as world:
        world.configure()
        cli.run()
        assert cli("baseline", "approve", "--reason", "all of it", "--yes").returncode == 0

        projects = dict(world.gcp.estate.projects)
        expected = harm_aws(world) | harm_azure(world) | harm_gcp(world)
        code, dark = cli.run()
        assert code == 4
        check_said(dark, expected)
        check_only_unknown(dark)
        counted = cli.json("query", "SELECT account_id, count(*) AS n FROM instances GROUP BY 1")

        mend(world, projects)
        code, confirmed = cli.run()
        assert code == 3
        assert not incomplete(confirmed)
        assert rows(confirmed).items() >= rows(dark).items()
        found = Counter((f["account_id"], f["verdict"]) for f in active(confirmed))
        shrunk = [place for (place, _, _), outcome in expected.items() if outcome is SHRUNK]
        assert found == {(place, "REMOVED"): PER_SCOPE - PAGE for place in shrunk}

        world.heal()
        code, whole = cli.run()
        assert code == 0
        assert not incomplete(whole)
        there: Counter[str] = Counter()
        for (account, _, table), number in rows(whole).items():
            there[account] += number if table in (INSTANCES, MACHINES, GCP_INSTANCES) else 0
        assert {row["account_id"]: row["n"] for row in counted} == there


def test_a_body_that_trickles_ends_with_the_deadline(cli: Cli) -> None:
    """Each piece comes in time, so only the deadline of the run can end it."""
    tables = (INSTANCES, "aws_ec2_instance_attributes", GROUPS, MACHINES, NSGS, GCP_INSTANCES)
    with worlds(cli) as world:
        world.configure(tables, deadline=3)
        for cloud, action in (
            (world.aws, "DescribeInstanceAttribute"),
            (world.azure, VM),
            (world.gcp, AGGREGATED),
        ):
            cloud.inject(Fault("trickle", action=action, seconds=300))
        code, result = cli.run()
    assert code == 4
    slow = {c["table"] for c in read(result) if c["error_kind"] == "deadline"}
    assert slow == {"aws_ec2_instance_attributes", MACHINES, GCP_INSTANCES}
    assert {c["table"] for c in read(result) if c["status"] == "complete"} == {
        INSTANCES,
        GROUPS,
        NSGS,
    }
