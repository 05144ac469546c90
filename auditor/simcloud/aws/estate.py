"""The state of a simulated cloud: accounts, their regions, and the resources of each.

A collection knows the ids of all its resources but makes a resource only when it is asked for, so
that an estate of a million instances costs little more than their ids. What a scenario touches is
kept; what is only read is made again, or served from the cache of rendered fragments.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.permissions import permissions
from auditor.simcloud.aws.wire import Resource

UNLISTED = ("attributes", "foreign_snapshots", "foreign_images")
"""Collections of a region that no action lists on its own."""
CACHED_BYTES = 1_500_000_000
"""Rendered fragments that one collection keeps; beyond that it renders on each read."""


class Collection:
    """Resources of one kind in one region, in the order in which they are listed."""

    def __init__(
        self,
        ids: Iterable[str] = (),
        make: Callable[[int], Resource] | None = None,
        *,
        render: Callable[[Resource], bytes] = wire.item,
        hidden: Iterable[str] = (),
    ) -> None:
        self.fill(ids, make)
        self._render = render
        self._owned: dict[str, Resource] = {}
        self._fragments: dict[str, bytes] = {}
        self._cached = 0
        self._hidden = frozenset(hidden)
        self._visible: list[str] | None = None

    def fill(self, ids: Iterable[str], make: Callable[[int], Resource] | None) -> None:
        """List resources in place of any there were, made when they are asked for."""
        self._ids = list(ids)
        self._index = {id_: index for index, id_ in enumerate(self._ids)}
        self._make = make

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._index

    def ids(self, *, managed: bool = True) -> list[str]:
        """Return the ids in listing order, without AWS-managed resources unless wanted."""
        if managed or not self._hidden:
            return self._ids
        if self._visible is None:
            self._visible = [id_ for id_ in self._ids if id_ not in self._hidden]
        return self._visible

    def get(self, id_: str) -> Resource:
        """Return a resource to read; changes to it may be lost, see `edit`."""
        owned = self._owned.get(id_)
        if owned is not None:
            return owned
        index = self._index[id_]
        if self._make is None:
            raise KeyError(id_)
        return self._make(index)

    def edit(self, id_: str) -> Resource:
        """Return a resource to change in place, while holding the lock of the estate."""
        resource = self._owned[id_] = self.get(id_)
        self.forget(id_)
        return resource

    def forget(self, id_: str) -> None:
        """Drop the rendered fragment of a resource."""
        self._cached -= len(self._fragments.pop(id_, b""))

    def add(self, id_: str, resource: Resource) -> None:
        """List a new resource after all others."""
        if id_ in self._index:
            raise ValueError(f"{id_} exists already")
        self._ids.append(id_)
        self._index[id_] = -1
        self._owned[id_] = resource
        self._visible = None

    def remove(self, id_: str) -> None:
        """Stop listing a resource."""
        del self._index[id_]
        self._ids.remove(id_)
        self._owned.pop(id_, None)
        self.forget(id_)
        self._visible = None

    def shuffle(self, rng: random.Random) -> None:
        """List the same resources in another order."""
        rng.shuffle(self._ids)
        self._visible = None

    def fragment(self, id_: str) -> bytes:
        """Return the XML of a resource."""
        cached = self._fragments.get(id_)
        if cached is None:
            cached = self._render(self.get(id_))
            if self._cached < CACHED_BYTES:
                self._fragments[id_] = cached
                self._cached += len(cached)
        return cached


def _members() -> Collection:
    return Collection(render=wire.member)


@dataclass(eq=False)
class Region:
    """The resources of one account in one region."""

    account: str
    name: str
    instances: Collection = field(default_factory=Collection)
    attributes: Collection = field(default_factory=Collection)
    """Instance id -> what only DescribeInstanceAttribute tells: user data and the like."""
    volumes: Collection = field(default_factory=Collection)
    interfaces: Collection = field(default_factory=Collection)
    snapshots: Collection = field(default_factory=Collection)
    images: Collection = field(default_factory=Collection)
    foreign_snapshots: Collection = field(default_factory=Collection)
    """Snapshots of other accounts that are readable here."""
    foreign_images: Collection = field(default_factory=Collection)
    vpcs: Collection = field(default_factory=Collection)
    subnets: Collection = field(default_factory=Collection)
    route_tables: Collection = field(default_factory=Collection)
    acls: Collection = field(default_factory=Collection)
    internet_gateways: Collection = field(default_factory=Collection)
    egress_gateways: Collection = field(default_factory=Collection)
    peerings: Collection = field(default_factory=Collection)
    prefix_lists: Collection = field(default_factory=Collection)
    prefix_entries: Collection = field(default_factory=Collection)
    """Prefix list id, slash, CIDR -> entry."""
    group_associations: Collection = field(default_factory=Collection)
    exclusions: Collection = field(default_factory=Collection)
    connect_endpoints: Collection = field(default_factory=Collection)
    flow_logs: Collection = field(default_factory=Collection)
    addresses: Collection = field(default_factory=Collection)
    key_pairs: Collection = field(default_factory=Collection)
    templates: Collection = field(default_factory=Collection)
    template_versions: Collection = field(default_factory=Collection)
    """Launch template id, slash, version -> that version."""
    scaling_groups: Collection = field(init=False)
    members: Collection = field(default_factory=_members)
    """Instance id -> what its Auto Scaling group says of it."""
    members_of: dict[str, list[str]] = field(default_factory=dict)
    """Name of an Auto Scaling group -> its instances, in listing order."""
    launch_configurations: Collection = field(default_factory=_members)
    events: list[Resource] = field(default_factory=list)
    """CloudTrail events, in the order in which they were recorded."""
    groups: Collection = field(init=False)
    rules: Collection = field(default_factory=Collection)
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
        self.rules = Collection()
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
    profiles: Collection = field(default_factory=_members)
    """Instance profiles by name."""
    attached: dict[str, Collection] = field(default_factory=dict)
    """Name of a role that instances can have -> managed policies attached to it, by name."""
    inline: dict[str, list[str]] = field(default_factory=dict)
    """Name of such a role -> names of its inline policies."""

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
