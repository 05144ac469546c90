"""What a machine is and has, from its index: place, role, addresses, and the ids around it.

Machines, interfaces, addresses, groups and disks are all made from this, so that they agree with
each other: the disk that a machine names is managed by it, its interface has its group.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from auditor.simcloud.azure.seeding import (
    PER_ROLE,
    SUBNETS,
    TEAMS,
    VNET_SIZE,
    Role,
    Seeded,
    one_in,
    role,
)

EVERY_PUBLIC, EVERY_BASIC, EVERY_GUARDED, EVERY_LEGACY, EVERY_STOPPED = 7, 3, 3, 9, 12
"""One machine in so many has a public address, one of these a Basic one, one an NSG at its
interface, and so on."""
EVERY_DATA, EVERY_SNAPSHOT = 4, 10
BALANCED, FORWARDED = 8, 4
"""The first machines of a virtual network that are behind its load balancer, and of these those
with an inbound NAT rule each."""


class Place(NamedTuple):
    """Where a machine is in the network, and what for."""

    vnet: int
    local: int
    subnet: int
    role: Role
    group: int
    """Number of the role in its location."""
    address: str


class Machines(Seeded):
    """The machines of one location, and everything that is named after them."""

    def __init__(
        self, seed: int, subscription: str, location: str, *, number: int, count: int
    ) -> None:
        super().__init__(seed, subscription, location)
        self.position = number
        """Of the location in its subscription."""
        self.count = count

    @property
    def root(self) -> str:
        """The id of the subscription."""
        return f"/subscriptions/{self.subscription}"

    @property
    def vnets(self) -> int:
        """Number of virtual networks; one even if there are no machines."""
        return max(1, -(-self.count // VNET_SIZE))

    def vnet_machines(self, vnet: int) -> int:
        """Return how many machines are in a virtual network."""
        return min(VNET_SIZE, self.count - vnet * VNET_SIZE)

    def vnet_roles(self, vnet: int) -> int:
        """Return how many roles the machines of a virtual network have."""
        return max(2, round(self.vnet_machines(vnet) / PER_ROLE))

    @cached_property
    def roles(self) -> range:
        """The numbers of all roles."""
        # NOTE: all networks but the last are full, so they have equally many roles
        last = self.vnets - 1
        return range(last * (VNET_SIZE // PER_ROLE) + self.vnet_roles(last))

    def members(self, group: int) -> range:
        """Return the machines of a role."""
        vnet, slot = divmod(group, VNET_SIZE // PER_ROLE)
        machines, roles = self.vnet_machines(vnet), self.vnet_roles(vnet)
        first = vnet * VNET_SIZE
        return range(first - (-slot * machines // roles), first - (-(slot + 1) * machines // roles))

    def place(self, index: int) -> Place:
        """Return where a machine is; everything else follows from it."""
        vnet, local = divmod(index, VNET_SIZE)
        slot = local * self.vnet_roles(vnet) // max(1, self.vnet_machines(vnet))
        group = vnet * (VNET_SIZE // PER_ROLE) + slot
        host, subnet = divmod(local, SUBNETS)
        # NOTE: Azure keeps the first four addresses of a subnet
        # (https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq)
        host += 4
        address = f"{self.block(vnet)}.{subnet * 32 + (host >> 8)}.{host & 0xFF}"
        return Place(vnet, local, subnet, role(group), group, address)

    def block(self, vnet: int) -> str:
        """Return the first two bytes of a virtual network's /16."""
        return f"10.{(20 + self.position * self.vnets + vnet) % 256}"

    def is_windows(self, index: int) -> bool:
        """Tell whether a machine runs Windows."""
        return index % 4 == 1

    def is_legacy(self, index: int) -> bool:
        """Tell whether a machine was made before the present standards."""
        return one_in(EVERY_LEGACY, index)

    def is_scaled(self, place: Place) -> bool:
        """Tell whether a machine belongs to a Flexible scale set."""
        return place.role.service == "web"

    def is_running(self, index: int) -> bool:
        """Tell whether a machine is running, and not stopped and deallocated."""
        return not one_in(EVERY_STOPPED, index)

    def is_public(self, index: int) -> bool:
        """Tell whether a machine has a public address of its own."""
        return one_in(EVERY_PUBLIC, index)

    def is_basic(self, index: int) -> bool:
        """Tell whether the public address of a machine is a Basic one."""
        return index // EVERY_PUBLIC % EVERY_BASIC == 1

    def is_guarded(self, index: int) -> bool:
        """Tell whether a machine has an NSG at its interface; the last subnet has none itself."""
        return one_in(EVERY_GUARDED, index) or index % VNET_SIZE % SUBNETS == SUBNETS - 1

    def team(self, place: Place) -> str:
        """Return who owns a machine."""
        return TEAMS[place.group % len(TEAMS)]

    def resource_group(self, place: Place) -> str:
        """Return the resource group of a machine and what is only its own."""
        return f"rg-{place.role.name}-{self.location}"

    @property
    def network_group(self) -> str:
        """The resource group of what machines share."""
        return f"rg-network-{self.location}"

    def name(self, index: int, place: Place | None = None) -> str:
        """Return the name of a machine."""
        place = place or self.place(index)
        if self.is_scaled(place):
            return f"{self.scale_set_name(place.group)}_{self.hex('member', index)[:8]}"
        return f"vm-{place.role.name}-{self.location}-{index:05d}"

    def id(self, group: str, kind: str, name: str) -> str:
        """Return the id of a resource."""
        return f"{self.root}/resourceGroups/{group}/providers/{kind}/{name}"

    def shouted(self, group: str, kind: str, name: str) -> str:
        """Return an id as Microsoft.Compute lists it: with the group in upper case."""
        return self.id(group.upper(), kind, name)

    def vm(self, index: int) -> str:
        """Return the id of a machine."""
        place = self.place(index)
        name = self.name(index, place)
        return self.id(self.resource_group(place), "Microsoft.Compute/virtualMachines", name)

    def nic(self, index: int) -> str:
        """Return the id of a machine's interface."""
        place = self.place(index)
        name = f"nic-{self.name(index, place)}"
        return self.id(self.resource_group(place), "Microsoft.Network/networkInterfaces", name)

    def address_id(self, index: int) -> str:
        """Return the id of a machine's public address."""
        place = self.place(index)
        name = f"pip-{self.name(index, place)}"
        return self.id(self.resource_group(place), "Microsoft.Network/publicIPAddresses", name)

    def disk_name(self, index: int, *, data: bool = False) -> str:
        """Return the name of a machine's OS disk or data disk."""
        part = "DataDisk_0" if data else "OsDisk_1"
        return f"{self.name(index)}_{part}_{self.hex('disk' + part, index)}"

    def disk(self, index: int, *, data: bool = False) -> str:
        """Return the id of a machine's OS disk or data disk."""
        group = self.resource_group(self.place(index))
        return self.id(group, "Microsoft.Compute/disks", self.disk_name(index, data=data))

    def scale_set_name(self, group: int) -> str:
        """Return the name of the Flexible scale set of a role."""
        return f"vmss-{role(group).name}-{self.location}"

    def shared(self, kind: str, name: str) -> str:
        """Return the id of something in the network's resource group."""
        return self.id(self.network_group, kind, name)

    def vnet(self, vnet: int) -> str:
        """Return the id of a virtual network."""
        return self.shared("Microsoft.Network/virtualNetworks", f"vnet-{self.location}-{vnet}")

    def subnet(self, vnet: int, subnet: int) -> str:
        """Return the id of a subnet."""
        return f"{self.vnet(vnet)}/subnets/snet-{subnet}"

    def role_nsg(self, group: int) -> str:
        """Return the id of the NSG at the interfaces of a role."""
        name = f"nsg-{role(group).name}-{self.location}"
        return self.shared("Microsoft.Network/networkSecurityGroups", name)

    def subnet_nsg(self, vnet: int, subnet: int) -> str:
        """Return the id of the NSG at a subnet."""
        name = f"nsg-vnet-{self.location}-{vnet}-snet-{subnet}"
        return self.shared("Microsoft.Network/networkSecurityGroups", name)

    def asg(self, group: int) -> str:
        """Return the id of the application security group of a role."""
        name = f"asg-{role(group).name}-{self.location}"
        return self.shared("Microsoft.Network/applicationSecurityGroups", name)

    def balancer(self, vnet: int) -> str:
        """Return the id of the load balancer of a virtual network."""
        return self.shared("Microsoft.Network/loadBalancers", f"lb-{self.location}-{vnet}")

    def balancer_address(self, vnet: int) -> str:
        """Return the id of the public address of a load balancer."""
        name = f"pip-lb-{self.location}-{vnet}"
        return self.shared("Microsoft.Network/publicIPAddresses", name)

    def route_table(self, vnet: int) -> str:
        """Return the id of the route table of a virtual network."""
        return self.shared("Microsoft.Network/routeTables", f"rt-{self.location}-{vnet}")

    @property
    def identity(self) -> str:
        """The id of the identity that applications share."""
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
        return self.shared(kind, f"id-app-{self.location}")

    @property
    def encryption_set(self) -> str:
        """The id of the disk encryption set."""
        return self.shared("Microsoft.Compute/diskEncryptionSets", f"des-{self.location}")

    @property
    def image(self) -> str:
        """The id of the own image."""
        return self.shared("Microsoft.Compute/images", f"golden-ubuntu-{self.location}")

    @property
    def image_snapshot(self) -> str:
        """The id of the snapshot under the own image."""
        return self.shared("Microsoft.Compute/snapshots", f"golden-ubuntu-{self.location}-os")

    @property
    def dns_suffix(self) -> str:
        """The zone in which machines find each other."""
        return f"{self.hex('suffix', 0)[:26]}.bx.internal.cloudapp.net"

    def public_ip(self, number: int) -> str:
        """Return a public address; distinct for distinct numbers within a location."""
        first = (20, 40, 51, 52)[self.position % 4]
        second = (self.position * 8 + (number >> 16)) & 0xFF
        return f"{first}.{second}.{number >> 8 & 0xFF}.{number & 0xFF}"
