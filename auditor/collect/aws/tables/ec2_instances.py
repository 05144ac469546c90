"""EC2 instances: one row each, with every attribute that changes what the instance may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import (
    Raw,
    ResourceTable,
    boolean,
    integer,
    sorted_set,
    strings,
    text,
    timestamp,
)
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each instance, those too that AWS services manage and hide by default."""
    for reservation in scope.pages(
        "DescribeInstances", "Reservations", IncludeManagedResources=True, MaxResults=1000
    ):
        yield from reservation.get("Instances") or ()


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one instance."""
    return {
        **ec2_common(scope, ec2_arn(scope, "instance", raw["InstanceId"]), raw),
        "incarnation_id": raw["InstanceId"],
        "instance_id": raw["InstanceId"],
        "launch_time": raw.get("LaunchTime"),
        "state_transition_reason": raw.get("StateTransitionReason"),
        **_kind(raw),
        **_metadata(raw.get("MetadataOptions") or {}),
        **_network(raw),
        **_storage(raw),
        **_isolation(raw),
    }


def _kind(raw: Raw) -> dict[str, Any]:
    """Return what the instance is made from and who manages it."""
    operator = raw.get("Operator") or {}
    return {
        "state": (raw.get("State") or {}).get("Name"),
        "instance_type": raw.get("InstanceType"),
        "image_id": raw.get("ImageId"),
        "kernel_id": raw.get("KernelId"),
        "ramdisk_id": raw.get("RamdiskId"),
        "key_name": raw.get("KeyName"),
        "iam_instance_profile_arn": (raw.get("IamInstanceProfile") or {}).get("Arn"),
        "architecture": raw.get("Architecture"),
        "platform": raw.get("Platform"),
        "platform_details": raw.get("PlatformDetails"),
        "lifecycle": raw.get("InstanceLifecycle"),
        "spot_instance_request_id": raw.get("SpotInstanceRequestId"),
        "capacity_reservation_id": raw.get("CapacityReservationId"),
        "product_codes": sorted_set(
            code.get("ProductCodeId") for code in raw.get("ProductCodes") or ()
        ),
        "outpost_arn": raw.get("OutpostArn"),
        "availability_zone": (raw.get("Placement") or {}).get("AvailabilityZone"),
        "monitoring": (raw.get("Monitoring") or {}).get("State"),
        "auto_recovery": (raw.get("MaintenanceOptions") or {}).get("AutoRecovery"),
        "hibernation_configured": (raw.get("HibernationOptions") or {}).get("Configured"),
        "operator_managed": operator.get("Managed"),
        "operator_principal": operator.get("Principal"),
        "operator_hidden": operator.get("HiddenByDefault"),
    }


def _metadata(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metadata_http_tokens": options.get("HttpTokens"),
        "metadata_http_endpoint": options.get("HttpEndpoint"),
        "metadata_hop_limit": options.get("HttpPutResponseHopLimit"),
        "metadata_http_protocol_ipv6": options.get("HttpProtocolIpv6"),
        "metadata_instance_tags": options.get("InstanceMetadataTags"),
        "metadata_state": options.get("State"),
    }


def _network(raw: Raw) -> dict[str, Any]:
    """Return the union over all network interfaces: what applies to the instance as a whole."""
    nics = raw.get("NetworkInterfaces") or []
    secondary = raw.get("SecondaryInterfaces") or []
    addresses = [ip for nic in nics for ip in nic.get("PrivateIpAddresses") or ()]
    groups = [*(raw.get("SecurityGroups") or ())]
    groups += [group for nic in nics for group in nic.get("Groups") or ()]
    return {
        "vpc_id": raw.get("VpcId"),
        "subnet_id": raw.get("SubnetId"),
        "subnet_ids": sorted_set([raw.get("SubnetId"), *(nic.get("SubnetId") for nic in nics)]),
        "vpc_ids": sorted_set([raw.get("VpcId"), *(nic.get("VpcId") for nic in nics)]),
        "security_group_ids": sorted_set(group.get("GroupId") for group in groups),
        "network_interface_count": len(nics),
        "network_interface_ids": sorted_set(nic.get("NetworkInterfaceId") for nic in nics),
        "secondary_interface_count": len(secondary),
        "secondary_network_ids": sorted_set(nic.get("SecondaryNetworkId") for nic in secondary),
        "source_dest_check": _checked(raw, [*nics, *secondary]),
        "private_ip": raw.get("PrivateIpAddress"),
        "private_ips": sorted_set(
            [raw.get("PrivateIpAddress"), *(ip.get("PrivateIpAddress") for ip in addresses)]
        ),
        **_public(raw, [*nics, *addresses]),
        **_ipv6(raw, nics),
        "private_dns_hostname_type": (raw.get("PrivateDnsNameOptions") or {}).get("HostnameType"),
    }


def _public(raw: Raw, holders: list[Mapping[str, Any]]) -> dict[str, Any]:
    public = _public_addresses(raw, holders)
    owned = {ip: owner for ip, owner in public.items() if owner not in (None, "amazon")}
    owners = sorted_set(owned.values()) or sorted_set(public.values())
    return {
        "has_public_ip": bool(public),
        "public_ip": raw.get("PublicIpAddress"),
        "public_ips": sorted_set(public),
        "public_ip_owner": owners[0] if owners else None,
        "elastic_ips": sorted_set(owned),
    }


def _ipv6(raw: Raw, nics: list[Mapping[str, Any]]) -> dict[str, Any]:
    listed = [ip.get("Ipv6Address") for nic in nics for ip in nic.get("Ipv6Addresses") or ()]
    addresses = sorted_set([raw.get("Ipv6Address"), *listed])
    prefixes = sorted_set(
        p.get("Ipv6Prefix") for nic in nics for p in nic.get("Ipv6Prefixes") or ()
    )
    return {
        "has_ipv6": bool(addresses or prefixes),
        "ipv6_addresses": addresses,
        "ipv6_prefixes": prefixes,
    }


def _public_addresses(raw: Raw, holders: list[Mapping[str, Any]]) -> dict[str, str | None]:
    """Return each public IPv4 address with its owner: `amazon` where it is ephemeral."""
    found: dict[str, str | None] = {}
    if raw.get("PublicIpAddress"):
        found[raw["PublicIpAddress"]] = None
    for holder in holders:
        association = holder.get("Association") or {}
        for key in ("PublicIp", "CarrierIp", "CustomerOwnedIp"):
            if association.get(key):
                found[association[key]] = association.get("IpOwnerId")
    return found


def _checked(raw: Raw, interfaces: list[Mapping[str, Any]]) -> bool | None:
    """Return False if the instance forwards on any interface, None if nothing is said."""
    said = [holder.get("SourceDestCheck") for holder in (raw, *interfaces)]
    known = [value for value in said if value is not None]
    return all(known) if known else None


def _storage(raw: Raw) -> dict[str, Any]:
    mappings = raw.get("BlockDeviceMappings") or ()
    disks = [mapping.get("Ebs") or {} for mapping in mappings]
    root = raw.get("RootDeviceName")
    roots = (m["Ebs"].get("VolumeId") for m in mappings if m.get("Ebs") and m["DeviceName"] == root)
    return {
        "root_device_name": root,
        "root_device_type": raw.get("RootDeviceType"),
        "root_volume_id": next(roots, None),
        "ebs_optimized": raw.get("EbsOptimized"),
        "volume_ids": sorted_set(disk.get("VolumeId") for disk in disks),
        "kept_volume_ids": sorted_set(
            disk.get("VolumeId") for disk in disks if disk.get("DeleteOnTermination") is False
        ),
        "volume_owner_ids": sorted_set(disk.get("VolumeOwnerId") for disk in disks),
    }


def _isolation(raw: Raw) -> dict[str, Any]:
    placement = raw.get("Placement") or {}
    cpu = raw.get("CpuOptions") or {}
    return {
        "boot_mode": raw.get("BootMode"),
        "current_instance_boot_mode": raw.get("CurrentInstanceBootMode"),
        "tpm_support": raw.get("TpmSupport"),
        "enclave_enabled": (raw.get("EnclaveOptions") or {}).get("Enabled"),
        "tenancy": placement.get("Tenancy"),
        "host_id": placement.get("HostId"),
        "virtualization_type": raw.get("VirtualizationType"),
        "hypervisor": raw.get("Hypervisor"),
        "amd_sev_snp": cpu.get("AmdSevSnp"),
        "nested_virtualization": cpu.get("NestedVirtualization"),
    }


COLUMNS = (
    text("instance_id", "Id of the instance; never used again for another one."),
    timestamp("launch_time", "When it was last started; changes at each start.", volatile=True),
    text("state_transition_reason", "Why it last changed its state.", volatile=True),
    text("state", "pending, running, stopping, stopped, shutting-down or terminated."),
    text("instance_type", "Hardware type, such as m7i.large."),
    text("image_id", "Image that it was launched from."),
    text("kernel_id", "Kernel image, on very old instances."),
    text("ramdisk_id", "RAM disk image, on very old instances."),
    text("key_name", "Name of the SSH key pair given at launch."),
    text("iam_instance_profile_arn", "Instance profile: the role whose credentials it hands out."),
    text("architecture", "CPU architecture of the image."),
    text("platform", "windows, or nothing."),
    text("platform_details", "Operating system as billed."),
    text("lifecycle", "spot, scheduled or capacity-block; nothing for on-demand."),
    text("spot_instance_request_id", "Request that a spot instance fulfils."),
    text("capacity_reservation_id", "Capacity reservation that it runs in."),
    strings("product_codes", "Marketplace product codes."),
    text("outpost_arn", "Outpost that it runs on."),
    text("availability_zone", "Availability zone."),
    text("monitoring", "Detailed monitoring: disabled, disabling, enabled or pending."),
    text("auto_recovery", "Automatic recovery: disabled or default."),
    boolean("hibernation_configured", "Whether it may hibernate."),
    boolean("operator_managed", "Whether an AWS service manages it."),
    text("operator_principal", "AWS service that manages it."),
    boolean("operator_hidden", "Whether it is hidden from listings by default."),
    text("metadata_http_tokens", "required: IMDSv2 only; optional: IMDSv1 is answered too."),
    text("metadata_http_endpoint", "Whether the metadata service answers: enabled or disabled."),
    integer("metadata_hop_limit", "Network hops that a metadata token may travel."),
    text("metadata_http_protocol_ipv6", "Metadata service over IPv6: enabled or disabled."),
    text("metadata_instance_tags", "Tags in the metadata service: enabled or disabled."),
    text("metadata_state", "pending while metadata options are being applied.", volatile=True),
    text("vpc_id", "VPC of the primary interface."),
    text("subnet_id", "Subnet of the primary interface."),
    strings("subnet_ids", "Subnets of all its interfaces."),
    strings("vpc_ids", "VPCs of all its interfaces."),
    strings("security_group_ids", "Security groups on any of its interfaces."),
    integer("network_interface_count", "Number of network interfaces."),
    strings("network_interface_ids", "Its network interfaces."),
    integer("secondary_interface_count", "Number of interfaces in secondary networks."),
    strings("secondary_network_ids", "Secondary networks that it is in."),
    boolean("source_dest_check", "False if any interface may forward traffic of others."),
    text("private_ip", "Primary private IPv4 address."),
    strings("private_ips", "All private IPv4 addresses; containers come and go.", volatile=True),
    boolean("has_public_ip", "Whether it has any public IPv4 address."),
    text(
        "public_ip", "Public IPv4 address; an ephemeral one changes at each start.", volatile=True
    ),
    strings("public_ips", "All public IPv4 addresses.", volatile=True),
    text("public_ip_owner", "amazon if all its public addresses are ephemeral, else an account."),
    strings("elastic_ips", "Public IPv4 addresses that belong to an account, not to the pool."),
    boolean("has_ipv6", "Whether it has any IPv6 address or prefix."),
    strings("ipv6_addresses", "IPv6 addresses; each is routable without a public IPv4 address."),
    strings("ipv6_prefixes", "IPv6 prefixes delegated to it."),
    text("private_dns_hostname_type", "What its private name is made from."),
    text("root_device_name", "Device of the root volume."),
    text("root_device_type", "ebs or instance-store."),
    text("root_volume_id", "EBS volume that it starts from."),
    boolean("ebs_optimized", "Whether it has bandwidth of its own to its volumes."),
    strings("volume_ids", "Attached EBS volumes."),
    strings("kept_volume_ids", "Volumes that outlive the instance when it is terminated."),
    strings("volume_owner_ids", "Owners of volumes where the API names one."),
    text("boot_mode", "Boot mode of the image: legacy-bios, uefi or uefi-preferred."),
    text("current_instance_boot_mode", "Boot mode in use: legacy-bios or uefi."),
    text("tpm_support", "v2.0 if it has a NitroTPM."),
    boolean("enclave_enabled", "Whether it may run Nitro Enclaves."),
    text("tenancy", "default, dedicated or host."),
    text("host_id", "Dedicated host that it runs on."),
    text("virtualization_type", "hvm or paravirtual."),
    text("hypervisor", "xen or ovm; the API says xen for Nitro too."),
    text("amd_sev_snp", "Memory encryption by AMD SEV-SNP: enabled or disabled."),
    text("nested_virtualization", "Whether it may run virtual machines: enabled or disabled."),
)

TABLE = ResourceTable(
    title="EC2 instances",
    description="Virtual machines of EC2, with what each may reach and who may reach it.",
    columns=COLUMNS,
    permissions=("ec2:DescribeInstances",),
    fetch=fetch,
    transform=transform,
    gone={"state": ("terminated", "shutting-down")},
    kind="instance",
)
