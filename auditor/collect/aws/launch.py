"""What launch templates and launch configurations say of the instances that they launch.

The columns are named as those of the instances, so that both can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditor.collect.table import (
    ResourceColumn,
    boolean,
    document,
    integer,
    sorted_set,
    strings,
    tags_from_pairs,
    text,
)


def launch_values(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return the columns of `launch_columns` for the data of a launch template version."""
    user_data = data.get("UserData") or {}
    profile = data.get("IamInstanceProfile") or {}
    values = {
        "image_id": data.get("ImageId"),
        "instance_type": data.get("InstanceType"),
        "instance_requirements": canonical(data.get("InstanceRequirements")),
        "kernel_id": data.get("KernelId"),
        "ramdisk_id": data.get("RamDiskId"),
        "key_name": data.get("KeyName"),
        "iam_instance_profile": profile.get("Arn") or profile.get("Name"),
        "user_data_sha256": user_data.get("Sha256"),
        "user_data_length": user_data.get("Length"),
        "disable_api_termination": data.get("DisableApiTermination"),
        "disable_api_stop": data.get("DisableApiStop"),
        "shutdown_behavior": data.get("InstanceInitiatedShutdownBehavior"),
        "monitoring": (data.get("Monitoring") or {}).get("Enabled"),
        "market_type": (data.get("InstanceMarketOptions") or {}).get("MarketType"),
        **metadata_values(data.get("MetadataOptions") or {}),
        **_network(data),
        **disk_values(data.get("BlockDeviceMappings") or ()),
        **_isolation(data),
        "launch_tags": _tags(data),
    }
    return {prefix + name: value for name, value in values.items()}


def metadata_values(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns about the metadata service."""
    return {
        "metadata_http_tokens": options.get("HttpTokens"),
        "metadata_http_endpoint": options.get("HttpEndpoint"),
        "metadata_hop_limit": options.get("HttpPutResponseHopLimit"),
        "metadata_http_protocol_ipv6": options.get("HttpProtocolIpv6"),
        "metadata_instance_tags": options.get("InstanceMetadataTags"),
    }


def disk_values(mappings: Any) -> dict[str, Any]:
    """Return the columns about volumes; `encrypted` is unknown where no volume says it."""
    disks = [mapping.get("Ebs") or {} for mapping in mappings]
    known = [disk["Encrypted"] for disk in disks if disk.get("Encrypted") is not None]
    return {
        "snapshot_ids": sorted_set(disk.get("SnapshotId") for disk in disks),
        "kms_key_ids": sorted_set(disk.get("KmsKeyId") for disk in disks),
        "encrypted": all(known) if known else None,
    }


def canonical(value: Any) -> str | None:
    """Return a structure as one text, whatever the order of its keys and lists."""
    if value is None:
        return None
    return json.dumps(_ordered(value), sort_keys=True, separators=(",", ":"), default=str)


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return sorted(
            (_ordered(inner) for inner in value), key=lambda v: json.dumps(v, default=str)
        )
    return value


def _network(data: Mapping[str, Any]) -> dict[str, Any]:
    nics = data.get("NetworkInterfaces") or []
    secondary = data.get("SecondaryInterfaces") or []
    groups = [*(data.get("SecurityGroupIds") or ())]
    groups += [group for nic in nics for group in nic.get("Groups") or ()]
    said = [
        nic.get(key)
        for nic in nics
        for key in ("AssociatePublicIpAddress", "AssociateCarrierIpAddress")
    ]
    known = [value for value in said if value is not None]
    return {
        "associate_public_ip": any(known) if known else None,
        "requests_ipv6": any(
            nic.get(key)
            for nic in nics
            for key in ("Ipv6AddressCount", "Ipv6Addresses", "Ipv6PrefixCount", "Ipv6Prefixes")
        ),
        "security_group_ids": sorted_set(groups),
        "security_group_names": sorted_set(data.get("SecurityGroups") or ()),
        "subnet_ids": sorted_set(nic.get("SubnetId") for nic in nics),
        "network_interface_ids": sorted_set(nic.get("NetworkInterfaceId") for nic in nics),
        "network_interface_count": len(nics),
        "secondary_subnet_ids": sorted_set(nic.get("SecondarySubnetId") for nic in secondary),
    }


def _isolation(data: Mapping[str, Any]) -> dict[str, Any]:
    placement, cpu = data.get("Placement") or {}, data.get("CpuOptions") or {}
    return {
        "enclave_enabled": (data.get("EnclaveOptions") or {}).get("Enabled"),
        "tenancy": placement.get("Tenancy"),
        "host_id": placement.get("HostId"),
        "availability_zone": placement.get("AvailabilityZone"),
        "amd_sev_snp": cpu.get("AmdSevSnp"),
        "nested_virtualization": cpu.get("NestedVirtualization"),
    }


def _tags(data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the tags by the kind of resource that gets them at launch."""
    return {
        str(spec.get("ResourceType")): tags_from_pairs(spec.get("Tags"))
        for spec in data.get("TagSpecifications") or ()
    }


def metadata_columns(prefix: str = "") -> tuple[ResourceColumn, ...]:
    """Return the columns that `metadata_values` fills."""
    return (
        text(f"{prefix}metadata_http_tokens", "required: IMDSv2 only; optional: IMDSv1 too."),
        text(f"{prefix}metadata_http_endpoint", "Metadata service: enabled or disabled."),
        integer(f"{prefix}metadata_hop_limit", "Network hops that a metadata token may travel."),
        text(f"{prefix}metadata_http_protocol_ipv6", "Metadata service over IPv6."),
        text(f"{prefix}metadata_instance_tags", "Tags in the metadata service."),
    )


def disk_columns(prefix: str = "") -> tuple[ResourceColumn, ...]:
    """Return the columns that `disk_values` fills."""
    return (
        strings(f"{prefix}snapshot_ids", "Snapshots that its volumes are made from."),
        strings(f"{prefix}kms_key_ids", "Keys that encrypt its volumes."),
        boolean(f"{prefix}encrypted", "Whether all volumes that say it are encrypted."),
    )


def launch_columns(prefix: str = "") -> tuple[ResourceColumn, ...]:
    """Return the columns that `launch_values` fills."""
    return (
        text(f"{prefix}image_id", "Image, or the parameter that names it."),
        text(f"{prefix}instance_type", "Hardware type."),
        text(f"{prefix}instance_requirements", "What hardware may be chosen from, as JSON text."),
        text(f"{prefix}kernel_id", "Kernel image."),
        text(f"{prefix}ramdisk_id", "RAM disk image."),
        text(f"{prefix}key_name", "Name of the SSH key pair."),
        text(f"{prefix}iam_instance_profile", "ARN or name of the instance profile."),
        text(f"{prefix}user_data_sha256", "sha256 (hex) of the decoded user data."),
        integer(f"{prefix}user_data_length", "Length of the decoded user data in bytes."),
        boolean(f"{prefix}disable_api_termination", "Protection from termination through the API."),
        boolean(f"{prefix}disable_api_stop", "Protection from being stopped through the API."),
        text(f"{prefix}shutdown_behavior", "What a shutdown from inside does: stop or terminate."),
        boolean(f"{prefix}monitoring", "Whether detailed monitoring is on."),
        text(f"{prefix}market_type", "spot, capacity-block, or nothing for on-demand."),
        *metadata_columns(prefix),
        boolean(f"{prefix}associate_public_ip", "Whether it gets a public IPv4 address."),
        boolean(f"{prefix}requests_ipv6", "Whether any interface asks for IPv6 addresses."),
        strings(f"{prefix}security_group_ids", "Security groups of all interfaces."),
        strings(f"{prefix}security_group_names", "Security groups given by name."),
        strings(f"{prefix}subnet_ids", "Subnets of its interfaces."),
        strings(f"{prefix}network_interface_ids", "Existing interfaces that it takes."),
        integer(f"{prefix}network_interface_count", "Number of interfaces that it describes."),
        strings(f"{prefix}secondary_subnet_ids", "Subnets in secondary networks."),
        *disk_columns(prefix),
        boolean(f"{prefix}enclave_enabled", "Whether it may run Nitro Enclaves."),
        text(f"{prefix}tenancy", "default, dedicated or host."),
        text(f"{prefix}host_id", "Dedicated host."),
        text(f"{prefix}availability_zone", "Availability zone."),
        text(f"{prefix}amd_sev_snp", "Memory encryption by AMD SEV-SNP."),
        text(f"{prefix}nested_virtualization", "Whether it may run virtual machines."),
        document(f"{prefix}launch_tags", "Tags that its resources get, by kind of resource."),
    )
