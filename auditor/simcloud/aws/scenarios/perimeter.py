"""Attacks on what keeps others out: groups, ACLs, routes, prefix lists, the serial console."""

from __future__ import annotations

from auditor.simcloud.aws import changes, openings
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.events import ATTACKER, MOMENT, Principal
from auditor.simcloud.aws.scenarios.stage import Touched, acting

ACL_RULE = 50
"""Before every entry that the generator makes."""


def open_group(
    estate: Estate,
    account: str,
    region: str,
    *,
    port: int = changes.SSH,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Open a port to the world in the group of a running instance."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        instance_id = changes.pick(here, lambda i: bool(i["groupSet"]), "in a group")
        group_id = here.instances.get(instance_id)["groupSet"][0]["groupId"]
        rule_id = openings.open_to_world(trail, group_id, port)
    return {"groups": [group_id], "rules": [rule_id]}


def open_nacl(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Let everything into the private subnets, before the other entries of their ACL."""
    with acting(estate, account, region, who, moment) as trail:
        lists = [trail.region.acls.get(id_) for id_ in trail.region.acls.ids()]
        acl = next(acl for acl in lists if not acl["default"])
        openings.add_acl_entry(trail, acl["networkAclId"], ACL_RULE)
    return {
        "acls": [acl["networkAclId"]],
        "subnets": [linked["subnetId"] for linked in acl["associationSet"]],
    }


def route_to_internet(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Route private subnets to the internet gateway of their VPC."""
    with acting(estate, account, region, who, moment) as trail:
        here = trail.region
        for table_id in here.route_tables.ids():
            table = here.route_tables.get(table_id)
            subnets = [a["subnetId"] for a in table["associationSet"] if not a["main"]]
            public = openings.gateway_tables(here, table["vpcId"])
            if subnets and public and table not in public:
                break
        else:
            raise LookupError(f"no private subnet in a VPC with a gateway in {account}/{region}")
        gateway = next(
            route["gatewayId"]
            for route in public[0]["routeSet"]
            if str(route.get("gatewayId")).startswith("igw-")
        )
        openings.add_internet_route(trail, table_id, gateway)
    return {"route_tables": [table_id], "subnets": subnets, "internet_gateways": [gateway]}


def modify_prefix_list(
    estate: Estate,
    account: str,
    region: str,
    *,
    block: str = "198.51.100.128/25",
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Put foreign addresses into the list of the offices: no group changes, but its reach."""
    with acting(estate, account, region, who, moment) as trail:
        lists = trail.region.prefix_lists
        list_id = next(id_ for id_ in lists.ids() if lists.get(id_)["ownerId"] == account)
        openings.add_list_entry(trail, list_id, block)
    return {"prefix_lists": [list_id], "prefix_entries": [f"{list_id}/{block}"]}


def serial_console_on(
    estate: Estate,
    account: str,
    region: str,
    *,
    who: Principal = ATTACKER,
    moment: str = MOMENT,
) -> Touched:
    """Allow access to the serial consoles of all instances."""
    with acting(estate, account, region, who, moment) as trail:
        setting = trail.region.settings["GetSerialConsoleAccessStatus"]
        setting["serialConsoleAccessEnabled"] = True
        trail.record_nested("EnableSerialConsoleAccess", {}, {"serialConsoleAccessEnabled": True})
    return {"settings": ["GetSerialConsoleAccessStatus"]}
