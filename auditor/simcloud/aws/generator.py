"""A whole, consistent estate from a seed: what benchmarks, tests and the demo start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from auditor.simcloud.aws import (
    firewall,
    identities,
    instances,
    interfaces,
    links,
    network,
    principals,
    scaling,
    storage,
    templates,
)
from auditor.simcloud.aws.estate import Account, Estate, Region, of_items
from auditor.simcloud.aws.machines import AMAZON_IMAGE, ARCHITECTURES, IMAGE_SIZE, ROOT, Machines
from auditor.simcloud.aws.wire import Resource
from auditor.simcloud.collection import Collection

ROLE = "audit-reader"
AMAZON = "137112412989"
NAMES = ("management", "production", "staging", "shared-services", "sandbox", "data", "security")


def generate(
    *,
    accounts: int | Sequence[str] = 1,
    regions: Sequence[str] = ("us-east-1",),
    instances: int | Mapping[str, int] = 100,
    seed: int = 1,
    external_id: str | None = None,
) -> Estate:
    """Make an estate with `instances` in each region of each account; equal seeds, equal estates.

    A mapping gives the number by region; a region without instances has its networks only.
    The first account is the organisation's management account. Each account has the role
    `audit-reader`, which asks for the external id if one is given.
    """
    if isinstance(accounts, int):
        accounts = [f"{111111111111 + 101010101 * number:012d}" for number in range(accounts)]
    estate = Estate(seed=seed)
    for number, id_ in enumerate(accounts):
        name = NAMES[number] if number < len(NAMES) else f"workload-{number:03d}"
        account = Account(id_, name, f"aws+{name}@example.com", roles={ROLE: external_id})
        identities.fill(account)
        principals.fill(account)
        for region in regions:
            count = instances if isinstance(instances, int) else instances.get(region, 0)
            account.regions[region] = make_region(Machines(seed, id_, region, count))
        estate.accounts[id_] = account
    return estate


def make_region(machines: Machines) -> Region:
    """Make a region with all its resources."""
    region = Region(machines.account, machines.region)
    count = machines.count
    own = machines.own
    instance_ids = machines.ids("i", count)

    def make_instance(index: int) -> Resource:
        return instances.instance(machines, index, managed=index >= own)

    region.instances = Collection(
        instance_ids, make_instance, render=instances.render, hidden=instance_ids[own:]
    )
    region.attributes = of_items(instance_ids, machines.attributes)
    region.interfaces = _managed(machines, "eni", interfaces.interface, count)
    region.volumes = _managed(machines, "vol", storage.volume, storage.volume_count(machines))
    region.snapshots = of_items(
        machines.ids("snap", storage.snapshot_count(machines)), partial(storage.snapshot, machines)
    )
    _images(region, machines)
    firewall.fill(region, machines)
    network.fill(region, machines)
    links.fill_addresses(region, machines)
    links.fill_keys(region, machines)
    templates.fill(region, machines)
    scaling.fill(region, machines)
    region.settings = _settings(machines)
    return region


def _managed(
    machines: Machines, kind: str, make: Callable[[Machines, int], Resource], count: int
) -> Collection:
    """Collect what belongs to instances: the part of managed instances is managed too."""
    ids = machines.ids(kind, count)
    managed = range(machines.own, machines.count)

    def resource(index: int) -> Resource:
        made = make(machines, index)
        if index in managed:
            made["operator"] = instances.operator(managed=True)
        return made

    return of_items(ids, resource, hidden=[ids[index] for index in managed])


def _images(region: Region, machines: Machines) -> None:
    for index, architecture in enumerate(ARCHITECTURES):
        name = f"golden-al2023-{architecture}-2026.01"
        image = _image(machines, index, name, owner=machines.account)
        region.images.add(image["imageId"], image)
    public = _image(machines, AMAZON_IMAGE, "al2023-ami-2023.9-kernel-6.1-x86_64", owner=AMAZON)
    public |= {"isPublic": True, "imageOwnerAlias": "amazon"}
    region.foreign_images.add(public["imageId"], public)
    region.sharing[public["imageId"]] = [{"group": "all"}]
    snapshot = storage.snapshot(machines, 0) | {
        "snapshotId": machines.image_snapshot(AMAZON_IMAGE),
        "ownerId": AMAZON,
        "ownerAlias": "amazon",
        "kmsKeyId": None,
        **machines.encryption(encrypted=False),
    }
    region.foreign_snapshots.add(snapshot["snapshotId"], snapshot)
    region.sharing[snapshot["snapshotId"]] = [{"group": "all"}]


def _image(machines: Machines, index: int, name: str, *, owner: str) -> Resource:
    disk = {
        "deleteOnTermination": True,
        "snapshotId": machines.image_snapshot(index),
        "volumeSize": IMAGE_SIZE,
        "volumeType": "gp3",
        "encrypted": False,
    }
    return {
        "imageId": machines.id("ami", index),
        "imageLocation": f"{owner}/{name}",
        "imageState": "available",
        "imageOwnerId": owner,
        "creationDate": machines.time("image", index, first=-60, days=60),
        "isPublic": False,
        "productCodes": [],
        "architecture": ARCHITECTURES[index % 2],
        "imageType": "machine",
        "platformDetails": "Linux/UNIX",
        "usageOperation": "RunInstances",
        "name": name,
        "description": "hardened base image",
        "rootDeviceType": "ebs",
        "rootDeviceName": ROOT,
        "blockDeviceMapping": [{"deviceName": ROOT, "ebs": disk}],
        "virtualizationType": "hvm",
        "hypervisor": "xen",
        "enaSupport": True,
        "sriovNetSupport": "simple",
        "bootMode": "uefi-preferred",
        "imdsSupport": "v2.0",
        "deregistrationProtection": "disabled",
        "tagSet": [{"key": "Name", "value": name}] if owner != AMAZON else [],
    }


def _settings(machines: Machines) -> dict[str, Resource]:
    by_account = {"managedBy": "account"}
    defaults = {
        "httpTokens": "required",
        "httpPutResponseHopLimit": 2,
        "httpEndpoint": "enabled",
        "instanceMetadataTags": "disabled",
    }
    return {
        "GetInstanceMetadataDefaults": {"accountLevel": defaults | by_account},
        "GetEbsEncryptionByDefault": {"ebsEncryptionByDefault": True, "sseType": "sse-kms"},
        "GetEbsDefaultKmsKeyId": {"kmsKeyId": machines.kms_key},
        "GetSerialConsoleAccessStatus": {"serialConsoleAccessEnabled": False} | by_account,
        "GetSnapshotBlockPublicAccessState": {"state": "block-all-sharing"} | by_account,
        "GetImageBlockPublicAccessState": {
            "imageBlockPublicAccessState": "block-new-sharing",
            **by_account,
        },
        "GetAllowedImagesSettings": {"state": "disabled", "imageCriterionSet": []} | by_account,
        "GetManagedResourceVisibility": {"visibility": {"defaultVisibility": "visible"}},
        "DescribeVpcBlockPublicAccessOptions": {
            "vpcBlockPublicAccessOptions": {
                "awsAccountId": machines.account,
                "awsRegion": machines.region,
                "state": "default-state",
                "internetGatewayBlockMode": "off",
                **by_account,
            }
        },
    }
