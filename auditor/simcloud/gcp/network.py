"""Networks, subnetworks and routes of a project."""

from __future__ import annotations

from ipaddress import IPv4Network

from auditor.simcloud.gcp.estate import Project
from auditor.simcloud.gcp.firewall import GLOBAL_POLICY
from auditor.simcloud.gcp.machines import CORE, DEFAULT, Machines
from auditor.simcloud.gcp.wire import Resource, fingerprint

CREATED = "2024-12-02T09:00:00.000-07:00"


def fill(project: Project, machines: Machines) -> None:
    """Make both networks of a project, with a subnetwork in each of their regions."""
    for network in (DEFAULT, CORE):
        regions = machines.all_regions if network == DEFAULT else machines.regions
        for region in regions:
            path = machines.subnet_path(network, region)
            project.subnetworks.add(path, _subnetwork(machines, network, region))
        made = _network(machines, network, regions)
        project.networks.add(f"global/networks/{network}", made)
        _routes(project, machines, network, regions)


def _network(machines: Machines, network: str, regions: tuple[str, ...]) -> Resource:
    path = f"global/networks/{network}"
    id_ = machines.id("network", network == CORE)
    made: Resource = {
        "kind": "compute#network",
        "id": id_,
        "creationTimestamp": CREATED,
        "name": network,
        "description": "Default network for the project" if network == DEFAULT else "",
        "selfLink": machines.link(path),
        "selfLinkWithId": machines.link(f"global/networks/{id_}"),
        "autoCreateSubnetworks": network == DEFAULT,
        "subnetworks": [machines.link(machines.subnet_path(network, r)) for r in regions],
        "routingConfig": {
            "routingMode": "REGIONAL" if network == DEFAULT else "GLOBAL",
            "bgpBestPathSelectionMode": "LEGACY",
        },
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
    }
    if network == CORE:
        made["mtu"] = 1460
        made["firewallPolicy"] = machines.link(f"global/firewallPolicies/{GLOBAL_POLICY}")
    return made


def _subnetwork(machines: Machines, network: str, region: str) -> Resource:
    path = machines.subnet_path(network, region)
    range_ = machines.subnet_range(network, region)
    made = {
        "kind": "compute#subnetwork",
        "id": machines.id(f"subnet/{network}", machines.all_regions.index(region)),
        "creationTimestamp": CREATED,
        "name": path.rpartition("/")[2],
        "network": machines.link(f"global/networks/{network}"),
        "ipCidrRange": range_,
        "gatewayAddress": str(IPv4Network(range_)[1]),
        "region": machines.link(f"regions/{region}"),
        "selfLink": machines.link(path),
        "privateIpGoogleAccess": network == CORE,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint([network, region]),
        "enableFlowLogs": network == CORE,
    }
    if network == CORE:
        made["logConfig"] = {
            "enable": True,
            "aggregationInterval": "INTERVAL_5_SEC",
            "flowSampling": 0.5,
            "metadata": "INCLUDE_ALL_METADATA",
        }
    return made


def _routes(project: Project, machines: Machines, network: str, regions: tuple[str, ...]) -> None:
    ranges = [(machines.subnet_range(network, region), 0) for region in regions]
    for destination, priority in [("0.0.0.0/0", 1000), *ranges]:
        number = machines.number(f"route/{network}", len(project.routes))
        name = f"default-route-{number:016x}"
        inside = destination != "0.0.0.0/0"
        text = "to the virtual network" if inside else "to the Internet"
        link = machines.link(f"global/networks/{network}")
        gateway = machines.link("global/gateways/default-internet-gateway")
        route = {
            "kind": "compute#route",
            "id": str(number),
            "creationTimestamp": CREATED,
            "name": name,
            "description": f"Default route {text}.",
            "network": link,
            "destRange": destination,
            "priority": priority,
            **({"nextHopNetwork": link} if inside else {"nextHopGateway": gateway}),
            "selfLink": machines.link(f"global/routes/{name}"),
        }
        project.routes.add(f"global/routes/{name}", route)
