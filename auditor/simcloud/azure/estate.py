"""The state of a simulated Azure: subscriptions, and the resources of each by kind.

A collection knows the ids of all its resources but makes a resource only when it is asked for. The
keys are ids in lower case, since Azure compares ids without regard to case; the resources keep the
case in which the service shows them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from auditor.simcloud.azure import wire
from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.wire import Resource
from auditor.simcloud.collection import Collection

ENABLED, DISABLED, DELETED = "Enabled", "Disabled", "Deleted"
VM = "microsoft.compute/virtualmachines"
DISK = "microsoft.compute/disks"
SNAPSHOT = "microsoft.compute/snapshots"
SCALE_SET = "microsoft.compute/virtualmachinescalesets"
NIC = "microsoft.network/networkinterfaces"
NSG = "microsoft.network/networksecuritygroups"
ADDRESS = "microsoft.network/publicipaddresses"
LOCK = "microsoft.authorization/locks"
ASSIGNMENT = "microsoft.authorization/policyassignments"
EXEMPTION = "microsoft.authorization/policyexemptions"
ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments"
ROLE_DEFINITION = "microsoft.authorization/roledefinitions"
GROUP = "subscriptions/resourcegroups"


@dataclass(slots=True)
class Subscription:
    """A subscription and everything in it."""

    id: str
    name: str
    tenant: str
    state: str = ENABLED
    """`Disabled` still lets everything be read, `Deleted` nothing
    (https://learn.microsoft.com/azure/cost-management-billing/manage/subscription-states)."""
    locations: dict[str, Machines] = field(default_factory=dict)
    """What each location was made from, in the order in which they were named."""
    unregistered: set[str] = field(default_factory=set)
    """Resource providers, in lower case, that the subscription does not use."""
    lists: dict[str, Collection] = field(default_factory=dict)
    """Kind in lower case -> its resources by lower-case id."""
    details: Collection = field(default_factory=lambda: Collection(render=wire.item))
    """Id of a machine or scale set -> what only a request about it tells: see `agents.details`."""
    members: dict[str, dict[str, dict[str, Resource]]] = field(default_factory=dict)
    """Id of a Uniform scale set -> its machines, interfaces and addresses by kind and id."""
    admin_rules: dict[str, list[Resource]] = field(default_factory=dict)
    """Id of a virtual network -> the admin rules in effect on it."""
    serial_console: Resource = field(default_factory=dict)
    events: list[Resource] = field(default_factory=list)
    """The Activity Log, newest first."""
    created: int = 0
    """Things that scenarios and the log have added; numbers their ids."""

    @property
    def machines(self) -> Collection:
        """The virtual machines."""
        return self.lists[VM]

    def warm(self) -> None:
        """Render everything now, so that the first read costs as little as later ones."""
        for collection in self.lists.values():
            for id_ in collection.ids():
                collection.fragment(id_)


@dataclass(slots=True)
class Estate:
    """A tenant: its subscriptions by id."""

    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    seed: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while an answer is rendered and while a scenario changes something."""
