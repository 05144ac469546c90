"""The steps that let more in, or show more: groups, addresses, routes, ACLs, prefix lists, keys.

The caller holds the lock of the estate. A step records what CloudTrail would.
"""

from __future__ import annotations

from auditor.simcloud.aws import acls, firewall, instances, links
from auditor.simcloud.aws.changes import fresh
from auditor.simcloud.aws.estate import Region
from auditor.simcloud.aws.events import Trail
from auditor.simcloud.aws.wire import Resource


def create_group(trail: Trail, name: str, vpc_id: str) -> str:
    """Create a security group with the egress rules that every new group has."""
    region = trail.region
    group_id = fresh(region, "sg")
    firewall.add_group(
        region,
        {
            "ownerId": region.account,
            "groupId": group_id,
            "groupName": name,
            "groupDescription": name,
            "vpcId": vpc_id,
            "tagSet": [],
        },
    )
    peer = {"cidrIpv4": firewall.ANYWHERE}
    rule_id = fresh(region, "sgr")
    region.add_rule(firewall.rule(region, rule_id, group_id, firewall.ALL, peer, egress=True))
    wanted = {"groupName": name, "groupDescription": name, "vpcId": vpc_id}
    trail.record("CreateSecurityGroup", wanted, {"_return": True, "groupId": group_id})
    return group_id


def open_to_world(trail: Trail, group_id: str, port: int) -> str:
    """Let all of the IPv4 internet reach a TCP port of a group's members."""
    peer = {"cidrIpv4": firewall.ANYWHERE}
    rule_id = fresh(trail.region, "sgr")
    rule = firewall.rule(trail.region, rule_id, group_id, ("tcp", port, port), peer)
    trail.region.add_rule(rule)
    permission = {
        "ipProtocol": "tcp",
        "fromPort": port,
        "toPort": port,
        "groups": {},
        "ipRanges": {"items": [{"cidrIp": firewall.ANYWHERE}]},
        "ipv6Ranges": {},
        "prefixListIds": {},
    }
    wanted = {"groupId": group_id, "ipPermissions": {"items": [permission]}}
    answer = {"_return": True, "securityGroupRuleSet": {"items": [logged_rule(rule)]}}
    trail.record("AuthorizeSecurityGroupIngress", wanted, answer)
    return rule_id


def logged_rule(rule: Resource) -> Resource:
    """Return a rule the way the answer to its creation is logged."""
    return {name: rule[name] for name in rule if name not in ("tagSet", "securityGroupRuleArn")}


def create_key(trail: Trail, name: str) -> str:
    """Create a key pair, unless there is one of that name."""
    if name in trail.region.key_pairs:
        return name
    key_id = fresh(trail.region, "key")
    links.add_key(trail.region, key_id, name, trail.moment)
    answer = {
        "keyName": name,
        "keyPairId": key_id,
        "keyFingerprint": trail.region.key_pairs.get(name)["keyFingerprint"],
        "keyMaterial": "<sensitiveDataRemoved>",
    }
    trail.record("CreateKeyPair", {"keyName": name, "keyType": "ed25519"}, answer)
    return name


def set_public_address(region: Region, instance_id: str) -> str:
    """Give an instance a new public address from Amazon's pool, in place of any it has."""
    instance = region.instances.edit(instance_id)
    interface_id = str(instance["networkInterfaceSet"][0]["networkInterfaceId"])
    interface = region.interfaces.edit(interface_id)
    region.created += 1
    address = f"98.80.{region.created >> 8 & 0xFF}.{region.created & 0xFF}"
    name = f"ec2-{address.replace('.', '-')}.compute-1.amazonaws.com"
    if region.name != "us-east-1":
        name = name.replace("compute-1", f"{region.name}.compute")
    association = {"publicIp": address, "publicDnsName": name, "ipOwnerId": "amazon"}
    interface["association"] = association
    interface["privateIpAddressesSet"][0]["association"] = association
    instance["ipAddress"] = address
    instance["dnsName"] = name
    instance["networkInterfaceSet"] = [instances.embedded(interface)]
    return interface_id


def has_passing_address(instance: Resource) -> bool:
    """Tell whether an instance has a public address that it loses when it is stopped."""
    association = instance["networkInterfaceSet"][0].get("association", {})
    return bool(association.get("ipOwnerId") == "amazon")


def restart(trail: Trail, instance_id: str) -> None:
    """Do what a stop and a start leave behind: a launch time, and another passing address."""
    instance = trail.region.instances.edit(instance_id)
    instance["launchTime"] = trail.moment
    if has_passing_address(instance):
        set_public_address(trail.region, instance_id)


def gateway_tables(region: Region, vpc_id: str) -> list[Resource]:
    """Return the route tables of a VPC that lead to its internet gateway."""
    tables = [region.route_tables.get(id_) for id_ in region.route_tables.ids()]
    return [
        table
        for table in tables
        if table["vpcId"] == vpc_id
        and any(str(route.get("gatewayId")).startswith("igw-") for route in table["routeSet"])
    ]


def public_twin(region: Region, subnet_id: str) -> str:
    """Return the subnet in the same zone and VPC that is routed to the internet."""
    zone = region.subnets.get(subnet_id)["availabilityZone"]
    for table in gateway_tables(region, region.subnets.get(subnet_id)["vpcId"]):
        for linked in table["associationSet"]:
            found = str(linked.get("subnetId", subnet_id))
            if region.subnets.get(found)["availabilityZone"] == zone:
                return found
    return subnet_id


def add_internet_route(trail: Trail, table_id: str, gateway_id: str) -> None:
    """Route everything that is not local to an internet gateway."""
    to = {"destinationCidrBlock": firewall.ANYWHERE, "gatewayId": gateway_id}
    route = to | {"origin": "CreateRoute", "state": "active"}
    trail.region.route_tables.edit(table_id)["routeSet"].append(route)
    trail.record("CreateRoute", {"routeTableId": table_id, **to})


def add_acl_entry(trail: Trail, acl_id: str, number: int) -> None:
    """Let everything in, before the other entries of an ACL are looked at."""
    made = acls.entry(number, firewall.ANYWHERE, "allow")
    entries = trail.region.acls.edit(acl_id)["entrySet"]
    entries.append(made)
    entries.sort(key=lambda entry: (not entry["egress"], entry["ruleNumber"]))
    wanted = {
        "networkAclId": acl_id,
        "ruleNumber": number,
        "egress": False,
        "ruleAction": "allow",
        "icmpTypeCode": {},
        "portRange": {},
        "aclProtocol": "-1",
        "cidrBlock": firewall.ANYWHERE,
    }
    trail.record("CreateNetworkAclEntry", wanted)


def add_list_entry(trail: Trail, list_id: str, block: str) -> None:
    """Put one more block of addresses into a prefix list."""
    known = trail.region.prefix_lists.edit(list_id)
    entry = {"Cidr": block, "Description": "temporary"}
    wanted = {
        "PrefixListId": list_id,
        "CurrentVersion": known["version"],
        "AddEntry": {**entry, "tag": 1},
    }
    known |= {"version": known["version"] + 1, "state": "modify-complete"}
    added = {"cidr": block, "description": entry["Description"]}
    trail.region.prefix_entries.add(f"{list_id}/{block}", added)
    answer = {name: known[name] for name in ("prefixListId", "prefixListName", "version")}
    answer["state"] = "modify-in-progress"
    trail.record_nested("ModifyManagedPrefixList", wanted, {"prefixList": answer})
