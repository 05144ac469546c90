"""A whole, consistent estate from a seed: what benchmarks, tests and the demo start from."""

from __future__ import annotations

import bisect
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from auditor.simcloud.azure import (
    agents,
    compute,
    events,
    firewall,
    governance,
    interfaces,
    network,
    roles,
    scalesets,
    storage,
    wire,
)
from auditor.simcloud.azure.estate import (
    ADDRESS,
    ASSIGNMENT,
    DISK,
    EXEMPTION,
    GROUP,
    LOCK,
    NIC,
    NSG,
    ROLE_ASSIGNMENT,
    ROLE_DEFINITION,
    SCALE_SET,
    SNAPSHOT,
    VM,
    Estate,
    Subscription,
)
from auditor.simcloud.azure.machines import Machines
from auditor.simcloud.azure.seeding import role
from auditor.simcloud.azure.wire import Resource
from auditor.simcloud.collection import Collection

NOW = datetime(2026, 4, 1, tzinfo=UTC)
"""End of the generated Activity Log, unless the caller has another now."""
NAMES = ("production", "staging", "shared-services", "sandbox", "data", "security")

Part = tuple[Sequence[str], Callable[[int], Resource]]
"""Ids, and what makes the resource in a place among them."""


def generate(
    *,
    subscriptions: int | Sequence[str] = 1,
    locations: Sequence[str] = ("eastus",),
    machines: int = 100,
    seed: int = 1,
    now: datetime = NOW,
) -> Estate:
    """Make an estate with `machines` in each location of each subscription.

    Equal arguments make equal estates. `machines` are those that the list of virtual machines
    shows; the members of Uniform scale sets come on top.
    """
    if isinstance(subscriptions, int):
        subscriptions = [_guid("subscription", number) for number in range(subscriptions)]
    estate = Estate(seed=seed)
    for number, id_ in enumerate(subscriptions):
        name = NAMES[number] if number < len(NAMES) else f"workload-{number:03d}"
        estate.subscriptions[id_.lower()] = _subscription(
            Subscription(id_.lower(), name, _guid("tenant", 0)), locations, machines, seed, now
        )
    return estate


def _subscription(
    made: Subscription, locations: Sequence[str], count: int, seed: int, now: datetime
) -> Subscription:
    for number, location in enumerate(locations):
        made.locations[location] = Machines(seed, made.id, location, number=number, count=count)
    places = list(made.locations.values())
    locks = [lock for machines in places for lock in governance.locks(machines)]
    parts: dict[str, list[Part]] = {}
    for machines in places:
        for kind, part in _parts(machines).items():
            parts.setdefault(kind, []).append(part)
    made.lists = {kind: _chain(listed) for kind, listed in parts.items()}
    assigned = governance.assignments(made.id)
    exempt = governance.exemptions(made.id, assigned)
    governed = {
        LOCK: locks,
        ASSIGNMENT: assigned,
        EXEMPTION: exempt,
        ROLE_DEFINITION: roles.definitions(made.id),
        ROLE_ASSIGNMENT: roles.assignments(made.id, places),
    }
    for kind, listed in governed.items():
        made.lists[kind] = _chain([([item["id"] for item in listed], listed.__getitem__)])
    made.details = _chain(
        [
            (parts[kind][number][0], partial(make, machines))
            for kind, make in ((VM, agents.details), (SCALE_SET, scalesets.details))
            for number, machines in enumerate(places)
        ]
    )
    for machines in places:
        _fill_scale_sets(made, machines)
        rules = governance.admin_rules(machines)
        made.admin_rules[machines.vnet(0).lower()] = rules
        events.generate(made, machines, now)
    made.serial_console = governance.serial_console()
    return made


def _parts(machines: Machines) -> dict[str, Part]:
    """Return the ids and makers of everything in a location."""
    groups = _groups(machines)
    ids = [f"{machines.root}/resourceGroups/{name}" for name in groups]

    def group(number: int) -> Resource:
        return _group(machines, groups[number])

    return {
        **_machine_parts(machines),
        **_network_parts(machines),
        **_single_parts(machines),
        GROUP: (ids, group),
    }


def _machine_parts(machines: Machines) -> dict[str, Part]:
    indexes = range(machines.count)
    vms = [machines.vm(index) for index in indexes]
    nics = [machines.nic(index) for index in indexes]
    addresses = interfaces.address_ids(machines)
    return {
        VM: (vms, partial(compute.machine, machines)),
        DISK: (storage.disk_ids(machines), partial(storage.disk, machines)),
        SNAPSHOT: (storage.snapshot_ids(machines), partial(storage.snapshot, machines)),
        SCALE_SET: (scalesets.ids(machines), partial(scalesets.scale_set, machines)),
        NIC: (nics, partial(interfaces.interface, machines)),
        ADDRESS: (addresses, partial(interfaces.address, machines)),
    }


def _network_parts(machines: Machines) -> dict[str, Part]:
    asgs = [machines.asg(group) for group in machines.roles]
    kinds = {
        "virtualnetworks": (machines.vnet, network.vnet),
        "routetables": (machines.route_table, network.route_table),
        "loadbalancers": (machines.balancer, network.balancer),
    }
    return {
        NSG: (firewall.nsg_ids(machines), partial(firewall.made_nsg, machines)),
        "microsoft.network/applicationsecuritygroups": (
            asgs,
            partial(firewall.made_asg, machines),
        ),
        **{
            f"microsoft.network/{kind}": (
                [id_of(vnet) for vnet in range(machines.vnets)],
                partial(make, machines),
            )
            for kind, (id_of, make) in kinds.items()
        },
    }


def _single_parts(machines: Machines) -> dict[str, Part]:
    """Return what each location has one of."""
    kinds = {
        "microsoft.compute/images": storage.image,
        "microsoft.compute/galleries": storage.gallery,
        "microsoft.compute/diskencryptionsets": storage.encryption_set,
        "microsoft.managedidentity/userassignedidentities": governance.identity,
        "microsoft.network/networkmanagers": governance.manager,
    }
    return {
        kind: ([make(machines, 0)["id"]], partial(make, machines)) for kind, make in kinds.items()
    }


def _groups(machines: Machines) -> list[str]:
    names = dict.fromkeys((machines.network_group, f"rg-batch-{machines.location}"))
    for group in machines.roles:
        names[f"rg-{role(group).name}-{machines.location}"] = None
    return list(names)


def _group(machines: Machines, name: str) -> Resource:
    return {
        "id": f"{machines.root}/resourceGroups/{name}",
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": machines.location,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


def _fill_scale_sets(made: Subscription, machines: Machines) -> None:
    """Make the members of the Uniform scale sets, which are few."""
    for id_ in scalesets.uniform_ids(machines):
        set_ = made.lists[SCALE_SET].get(id_.lower())
        members = made.members[id_.lower()] = scalesets.members(set_, machines)
        for disk_id, disk in members.pop("disks").items():
            made.lists[DISK].add(disk_id, disk)


def _chain(parts: Sequence[Part]) -> Collection:
    """Collect the resources of several locations in one list."""
    ids: list[str] = []
    starts: list[int] = []
    for part, _ in parts:
        starts.append(len(ids))
        ids += [id_.lower() for id_ in part]

    def make(index: int) -> Resource:
        # NOTE: the last of equal starts, since a location may have nothing of a kind
        number = bisect.bisect_right(starts, index) - 1
        return parts[number][1](index - starts[number])

    return Collection(ids, make, render=wire.item)


def _guid(kind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"simulated/{kind}/{number}"))
