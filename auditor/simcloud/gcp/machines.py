"""What an instance is and has, from its index: place, image, tags, metadata, identity.

Instances, disks and groups are all made from this, so that they agree with each other: the disk
that an instance names is attached to it, its group lists it and runs it from the group's template.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from auditor.simcloud.gcp.seeding import (
    EVERY_BARE,
    EVERY_BROAD,
    EVERY_DEFAULT,
    EVERY_KEYS,
    EVERY_LEGACY,
    EVERY_STOCK_IMAGE,
    EVERY_STOPPED,
    TEAMS,
    TYPES,
    Role,
    Seeded,
    one_in,
    region_of,
)
from auditor.simcloud.gcp.wire import LINK, Resource, fingerprint

CORE, DEFAULT = "core-vpc", "default"
MOST_DEFAULT = 2000
"""Only instances before this index may be in the default network, whose subnets are small."""
GOLDEN_IMAGE, STOCK_PROJECT, STOCK_IMAGE = "golden-base-v3", "debian-cloud", "debian-12-bookworm"
ALL_APIS = "https://www.googleapis.com/auth/cloud-platform"
SCOPES = (
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/logging.write",
    "https://www.googleapis.com/auth/monitoring.write",
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"


class Machines(Seeded):
    """The traits of the instances of one project."""

    def link(self, path: str) -> str:
        """Return the link to a resource of the project."""
        return f"{LINK}/projects/{self.project}/{path}"

    def group_scope(self, slot: int) -> str:
        """Return where the managed instance group of a slot is."""
        if self.is_regional(slot):
            return f"regions/{self.regions[slot % len(self.regions)]}"
        return f"zones/{self.zones[slot % len(self.zones)]}"

    def group_path(self, slot: int) -> str:
        """Return the path of the managed instance group of a slot."""
        return f"{self.group_scope(slot)}/instanceGroupManagers/{self.role(slot).name}-mig"

    def template_path(self, slot: int, version: int = 3) -> str:
        """Return the path of a template: regional ones are for regional groups."""
        scope = self.group_scope(slot) if self.is_regional(slot) else "global"
        return f"{scope}/instanceTemplates/{self.role(slot).name}-v{version}"

    def zone(self, index: int) -> str:
        """Return the zone of an instance."""
        slot = self.slot(index)
        if not self.role(slot).scaled:
            return self.zones[index % len(self.zones)]
        kind, _, name = self.group_scope(slot).partition("/")
        if kind == "zones":
            return name
        inside = [zone for zone in self.zones if region_of(zone) == name]
        return inside[index % len(inside)]

    def name(self, index: int) -> str:
        """Return the name of an instance, which its boot disk shares."""
        role = self.role(self.slot(index))
        return f"{role.name}-{self.suffix(index) if role.scaled else f'{index:05d}'}"

    def path(self, index: int, kind: str = "instances") -> str:
        """Return the path of an instance, or of its boot disk."""
        return f"zones/{self.zone(index)}/{kind}/{self.name(index)}"

    def network(self, index: int) -> str:
        """Return the network of an instance: now and then the default one."""
        scaled = self.role(self.slot(index)).scaled
        stray = one_in(EVERY_DEFAULT, index) and index < MOST_DEFAULT and not scaled
        return DEFAULT if stray else CORE

    def subnet_path(self, network: str, region: str) -> str:
        """Return the path of the subnetwork of a network in a region."""
        name = DEFAULT if network == DEFAULT else f"core-{region}"
        return f"regions/{region}/subnetworks/{name}"

    def subnet_range(self, network: str, region: str) -> str:
        """Return the address range of the subnetwork of a network in a region."""
        if network == DEFAULT:
            return f"10.{128 + 2 * self.all_regions.index(region)}.0.0/20"
        return f"10.{16 * self.regions.index(region)}.0.0/12"

    def address(self, network: str, region: str, host: int) -> str:
        """Return the address of a host in a subnetwork, counted from its start."""
        base = IPv4Address(self.subnet_range(network, region).partition("/")[0])
        return str(base + 2 + host)

    def running(self, index: int) -> bool:
        """Tell whether an instance runs; those of groups always do."""
        return self.role(self.slot(index)).scaled or not one_in(EVERY_STOPPED, index)

    def machine_type(self, index: int) -> str:
        """Return the machine type; the same one throughout a slot."""
        return TYPES[self.number("type", self.slot(index)) % len(TYPES)]

    def is_stock(self, index: int) -> bool:
        """Tell whether an instance was made from a public image instead of the own one."""
        return one_in(EVERY_STOCK_IMAGE, index) and not self.role(self.slot(index)).scaled

    def image(self, index: int) -> tuple[str, str]:
        """Return link and numeric id of the image that an instance was made from."""
        if self.is_stock(index):
            link = f"{LINK}/projects/{STOCK_PROJECT}/global/images/{STOCK_IMAGE}"
            return link, STOCK_IMAGE_ID
        return self.link(f"global/images/{GOLDEN_IMAGE}"), self.id("image", 0)

    def is_hardened(self, index: int) -> bool:
        """Tell whether an instance is a shielded one with secure boot."""
        return self.role(self.slot(index)).scaled or not one_in(EVERY_LEGACY, index)

    def identity(self, index: int) -> list[Resource]:
        """Return the service account of an instance: its service's, a broad default, or none."""
        role = self.role(self.slot(index))
        if not role.scaled and one_in(EVERY_BARE, index):
            return []
        if not role.scaled and one_in(EVERY_BROAD, index):
            return [{"email": self.default_account, "scopes": [ALL_APIS]}]
        return [{"email": self.account(role.service), "scopes": list(SCOPES)}]

    def account(self, service: str) -> str:
        """Return the e-mail of the service account of a service."""
        return f"svc-{service}@{self.project}.iam.gserviceaccount.com"

    @property
    def default_account(self) -> str:
        """The e-mail of the Compute default service account."""
        return f"{self.project_number}-compute@developer.gserviceaccount.com"

    def tags(self, role: Role) -> list[str]:
        """Return the network tags of a role."""
        return sorted({role.service, role.environment, "allow-iap"})

    def labels(self, slot: int) -> dict[str, str]:
        """Return the labels of a slot."""
        role = self.role(slot)
        return {
            "environment": role.environment,
            "service": role.service,
            "owner": f"team-{TEAMS[slot % len(TEAMS)]}",
            "managed-by": "terraform",
        }

    def metadata(self, index: int) -> list[Resource]:
        """Return the metadata items of an instance."""
        slot = self.slot(index)
        role = self.role(slot)
        items = self.role_metadata(role)
        if role.scaled:
            number = f"projects/{self.project_number}"
            items["instance-template"] = f"{number}/{self.template_path(slot)}"
            items["created-by"] = f"{number}/{self.group_path(slot)}"
        elif one_in(EVERY_KEYS, index):
            items["ssh-keys"] = f"ops:{KEY}{self.number('key', index):016x} ops@example.com"
        return [{"key": key, "value": value} for key, value in items.items()]

    def role_metadata(self, role: Role) -> dict[str, str]:
        """Return the metadata that a role's template or module sets."""
        return {
            "block-project-ssh-keys": "TRUE",
            "serial-port-enable": "FALSE",
            "startup-script": "#!/bin/bash\nset -eu\n"
            f"/opt/bootstrap --service {role.service} --env {role.environment}\n",
        }


STOCK_IMAGE_ID = "7712408115321946201"


def metadata(items: list[Resource]) -> Resource:
    """Wrap metadata items as instances, templates and projects show them."""
    return {"kind": "compute#metadata", "fingerprint": fingerprint(items), "items": items}


def tags(items: list[str]) -> Resource:
    """Wrap network tags as instances and templates show them."""
    return {"items": items, "fingerprint": fingerprint(items)}
