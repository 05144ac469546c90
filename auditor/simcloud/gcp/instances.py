"""Instances as Compute shows them, and their effective metadata."""

from __future__ import annotations

from functools import partial

from auditor.simcloud.gcp import storage, wire
from auditor.simcloud.gcp.estate import Project
from auditor.simcloud.gcp.machines import Machines, metadata, tags
from auditor.simcloud.gcp.seeding import EVERY_PUBLIC, one_in, region_of
from auditor.simcloud.gcp.wire import Resource, fingerprint

EFFECTIVE = {
    "block-project-ssh-keys": "blockProjectSshKeysMetadataValue",
    "enable-guest-attributes": "enableGuestAttributesMetadataValue",
    "enable-os-inventory": "enableOsInventoryMetadataValue",
    "enable-osconfig": "enableOsconfigMetadataValue",
    "enable-oslogin": "enableOsloginMetadataValue",
    "serial-port-enable": "serialPortEnableMetadataValue",
    "serial-port-logging-enable": "serialPortLoggingEnableMetadataValue",
}
TRUE = ("true", "1", "y", "yes")
SHIELDED = {"enableSecureBoot": True, "enableVtpm": True, "enableIntegrityMonitoring": True}
STANDARD: Resource = {
    "onHostMaintenance": "MIGRATE",
    "automaticRestart": True,
    "preemptible": False,
    "provisioningModel": "STANDARD",
}


def instance(machines: Machines, index: int) -> Resource:
    """Make an instance."""
    zone, slot = machines.zone(index), machines.slot(index)
    role = machines.role(slot)
    network = machines.network(index)
    running = machines.running(index)
    public = one_in(EVERY_PUBLIC, index)
    nat = machines.public_address(index) if public and running else None
    address = machines.address(network, region_of(zone), index)
    card = interface(machines, network, zone, address)
    if public:
        card["accessConfigs"] = [access(nat)]
        card["fingerprint"] = fingerprint(card["accessConfigs"])
    hardened = machines.is_hardened(index)
    created = machines.time("launch", index)
    return {
        "kind": "compute#instance",
        "id": machines.id("instance", index),
        "creationTimestamp": created,
        "name": machines.name(index),
        "tags": tags(machines.tags(role)),
        "machineType": machines.link(f"zones/{zone}/machineTypes/{machines.machine_type(index)}"),
        "status": "RUNNING" if running else "TERMINATED",
        "zone": machines.link(f"zones/{zone}"),
        "canIpForward": False,
        "networkInterfaces": [card],
        "disks": storage.attached(machines, index),
        "metadata": metadata(machines.metadata(index)),
        "serviceAccounts": machines.identity(index),
        "selfLink": machines.link(machines.path(index)),
        "scheduling": dict(STANDARD),
        "cpuPlatform": "Intel Cascade Lake" if running else "Unknown CPU Platform",
        "labels": (labels := machines.labels(slot)),
        "labelFingerprint": fingerprint(labels),
        "startRestricted": False,
        "deletionProtection": role.name == "db-prod",
        "reservationAffinity": {"consumeReservationType": "ANY_RESERVATION"},
        "displayDevice": {"enableDisplay": False},
        "shieldedInstanceConfig": SHIELDED | {"enableSecureBoot": hardened},
        "shieldedInstanceIntegrityPolicy": {"updateAutoLearnPolicy": True},
        "fingerprint": fingerprint([created, index]),
        "lastStartTimestamp": created,
        **({} if running else {"lastStopTimestamp": machines.time("stop", index, first=400)}),
    }


def interface(machines: Machines, network: str, zone: str, address: str) -> Resource:
    """Make the network interface of an instance, without external address."""
    subnet = machines.link(machines.subnet_path(network, region_of(zone)))
    return {
        "kind": "compute#networkInterface",
        "network": machines.link(f"global/networks/{network}"),
        "subnetwork": subnet,
        "networkIP": address,
        "name": "nic0",
        "fingerprint": fingerprint([subnet, address]),
        "stackType": "IPV4_ONLY",
    }


def access(address: str | None) -> Resource:
    """Make the access configuration of an interface; a stopped instance has no address."""
    return {
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": "external-nat",
        **({"natIP": address} if address else {}),
        "networkTier": "PREMIUM",
    }


def renderer(project: Project) -> partial[bytes]:
    """Return what renders the instances of a project, with the metadata in effect."""
    return partial(_render, project)


def effective(project: Project, resource: Resource) -> Resource:
    """Return the metadata in effect: of the instance, else of its zone, else of the project."""
    zone = resource["zone"].rpartition("/")[2]
    own = {item["key"]: item["value"] for item in resource["metadata"]["items"]}
    known = project.metadata | project.zonal_metadata.get(zone, {}) | own
    values: Resource = {
        name: known[key].lower() in TRUE for key, name in EFFECTIVE.items() if key in known
    }
    if "vmdnssetting" in (lowered := {key.lower(): value for key, value in known.items()}):
        values["vmDnsSettingMetadataValue"] = lowered["vmdnssetting"]
    return values


def _render(project: Project, resource: Resource) -> bytes:
    status = {"effectiveInstanceMetadata": effective(project, resource)}
    return wire.item(resource | {"resourceStatus": status})
