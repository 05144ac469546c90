"""The state of a simulated AWS: accounts, their regions, and the resources of each."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.permissions import permissions
from auditor.simcloud.aws.wire import Resource
from auditor.simcloud.collection import Collection, Make

UNLISTED = ("attributes", "foreign_snapshots", "foreign_images")
"""Collections of a region that no action lists on its own."""


def of_items(
    ids: Iterable[str] = (), make: Make | None = None, *, hidden: Iterable[str] = ()
) -> Collection:
    """Return a collection that EC2 lists; hidden are the resources that AWS services manage."""
    return Collection(ids, make, render=wire.item, hidden=hidden)


def of_members() -> Collection:
    """Return an empty collection that a service of the query protocol lists."""
    return Collection(render=wire.member)


@dataclass(eq=False)
class Region:
    """The resources of one account in one region."""

    account: str
    name: str
    instances: Collection = field(default_factory=of_items)
    attributes: Collection = field(default_factory=of_items)
    """Instance id -> what only DescribeInstanceAttribute tells: user data and the like."""
    volumes: Collection = field(default_factory=of_items)
    interfaces: Collection = field(default_factory=of_items)
    snapshots: Collection = field(default_factory=of_items)
    images: Collection = field(default_factory=of_items)
    foreign_snapshots: Collection = field(default_factory=of_items)
    """Snapshots of other accounts that are readable here."""
    foreign_images: Collection = field(default_factory=of_items)
    vpcs: Collection = field(default_factory=of_items)
    subnets: Collection = field(default_factory=of_items)
    route_tables: Collection = field(default_factory=of_items)
    acls: Collection = field(default_factory=of_items)
    internet_gateways: Collection = field(default_factory=of_items)
    egress_gateways: Collection = field(default_factory=of_items)
    peerings: Collection = field(default_factory=of_items)
    prefix_lists: Collection = field(default_factory=of_items)
    prefix_entries: Collection = field(default_factory=of_items)
    """Prefix list id, slash, CIDR -> entry."""
    group_associations: Collection = field(default_factory=of_items)
    exclusions: Collection = field(default_factory=of_items)
    connect_endpoints: Collection = field(default_factory=of_items)
    flow_logs: Collection = field(default_factory=of_items)
    addresses: Collection = field(default_factory=of_items)
    key_pairs: Collection = field(default_factory=of_items)
    templates: Collection = field(default_factory=of_items)
    template_versions: Collection = field(default_factory=of_items)
    """Launch template id, slash, version -> that version."""
    scaling_groups: Collection = field(init=False)
    members: Collection = field(default_factory=of_members)
    """Instance id -> what its Auto Scaling group says of it."""
    members_of: dict[str, list[str]] = field(default_factory=dict)
    """Name of an Auto Scaling group -> its instances, in listing order."""
    launch_configurations: Collection = field(default_factory=of_members)
    events: list[Resource] = field(default_factory=list)
    """CloudTrail events, in the order in which they were recorded."""
    groups: Collection = field(init=False)
    rules: Collection = field(default_factory=of_items)
    rules_of: dict[str, list[str]] = field(default_factory=dict)
    """Group id -> ids of its rules, in listing order."""
    sharing: dict[str, list[Resource]] = field(default_factory=dict)
    """Snapshot or image id -> create-volume or launch permissions; absent means private."""
    settings: dict[str, Resource] = field(default_factory=dict)
    """Action of an account-wide setting -> members of its answer."""
    created: int = 0
    """Resources that scenarios have added; numbers their ids."""

    def __post_init__(self) -> None:
        self.groups = Collection(render=self._group)
        self.scaling_groups = Collection(render=self._scaling_group)

    def arn(self, kind: str, id_: str) -> str:
        """Return the ARN of an EC2 resource of this account and region."""
        return f"arn:aws:ec2:{self.name}:{self.account}:{kind}/{id_}"

    def add_rule(self, rule: Resource) -> str:
        """Add a rule to the group that it names."""
        rule_id = str(rule["securityGroupRuleId"])
        self.rules.add(rule_id, rule)
        self.rules_of.setdefault(rule["groupId"], []).append(rule_id)
        self.groups.forget(rule["groupId"])
        return rule_id

    @property
    def collections(self) -> tuple[Collection, ...]:
        """The collections that Describe actions list."""
        return tuple(
            value
            for name, value in vars(self).items()
            if isinstance(value, Collection) and name not in UNLISTED
        )

    def add_member(self, member: Resource) -> None:
        """Put an instance into the Auto Scaling group that `member` names."""
        name = str(member["AutoScalingGroupName"])
        self.members.add(str(member["InstanceId"]), member)
        self.members_of.setdefault(name, []).append(str(member["InstanceId"]))
        self.scaling_groups.forget(name)

    def remove_member(self, instance_id: str) -> None:
        """Take an instance out of its Auto Scaling group."""
        name = str(self.members.get(instance_id)["AutoScalingGroupName"])
        self.members.remove(instance_id)
        self.members_of[name].remove(instance_id)
        self.scaling_groups.forget(name)

    def warm(self) -> None:
        """Render everything now, so that the first read costs as little as later ones."""
        for collection in self.collections:
            for id_ in collection.ids():
                collection.fragment(id_)

    def clear_rules(self) -> None:
        """Take every rule out of every group."""
        self.rules = of_items()
        for group_id in self.rules_of:
            self.rules_of[group_id] = []
            self.groups.forget(group_id)

    def remove_rule(self, rule_id: str) -> None:
        """Take a rule out of its group."""
        group_id = self.rules.get(rule_id)["groupId"]
        self.rules.remove(rule_id)
        self.rules_of[group_id].remove(rule_id)
        self.groups.forget(group_id)

    def _group(self, group: Resource) -> bytes:
        rules = [self.rules.get(id_) for id_ in self.rules_of.get(group["groupId"], [])]
        return wire.item(group | permissions(rules))

    def _scaling_group(self, group: Resource) -> bytes:
        ids = self.members_of.get(group["AutoScalingGroupName"], [])
        members = [dict(self.members.get(id_)) for id_ in ids]
        for member in members:
            del member["AutoScalingGroupName"]
        return wire.member(group | {"Instances": members})


@dataclass(slots=True)
class Account:
    """An account: its regions, and the roles that others may assume in it."""

    id: str
    name: str
    email: str
    regions: dict[str, Region] = field(default_factory=dict)
    roles: dict[str, str | None] = field(default_factory=dict)
    """Role name -> external id that its trust policy asks for, or None."""
    status: str = "ACTIVE"
    profiles: Collection = field(default_factory=of_members)
    """Instance profiles by name."""
    attached: dict[str, Collection] = field(default_factory=dict)
    """Name of a role that instances can have -> managed policies attached to it, by name."""
    inline: dict[str, list[str]] = field(default_factory=dict)
    """Name of such a role -> names of its inline policies."""
    users: dict[str, Resource] = field(default_factory=dict)
    """Users by name, with their policies."""
    groups: dict[str, list[str]] = field(default_factory=dict)
    """Name of a group of users -> ARNs of the managed policies attached to it."""
    other_roles: dict[str, Resource] = field(default_factory=dict)
    """Roles that no instance can have by name, with their policies."""

    @property
    def access_key(self) -> str:
        """The long-lived access key id of this account's auditor user."""
        return f"AKIA{self.id}"


@dataclass(slots=True)
class Estate:
    """An organisation: accounts by id, the first of them the management account."""

    accounts: dict[str, Account] = field(default_factory=dict)
    seed: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while an answer is rendered and while a scenario changes something."""

    @property
    def management(self) -> Account:
        """The account that the organisation belongs to."""
        return next(iter(self.accounts.values()))

    def region(self, account: str, region: str) -> Region:
        """Return one region of one account."""
        return self.accounts[account].regions[region]
