"""VPC firewall rules, network and hierarchical firewall policies, and what is in effect."""

from __future__ import annotations

from typing import Any

from auditor.simcloud.gcp.estate import Estate, Project
from auditor.simcloud.gcp.machines import CORE, DEFAULT, Machines
from auditor.simcloud.gcp.wire import LINK, Resource, fingerprint

ANYWHERE = "0.0.0.0/0"
IAP = "35.235.240.0/20"
BALANCERS = ["130.211.0.0/22", "35.191.0.0/16"]
GLOBAL_POLICY = "core-policy"
CREATED = "2024-12-02T09:05:00.000-07:00"
BASTION = "bastion"
"""Network tag of what SSH may reach from everywhere; no instance has it at first."""
LAST = 2_147_483_644
"""Priority of the first of the four rules that every firewall policy ends with."""

Spec = dict[str, Any]


def fill(project: Project, machines: Machines) -> None:
    """Make the firewall rules and the network firewall policies of a project."""
    for number, (network, name, spec) in enumerate(_rules(machines)):
        path = f"global/firewalls/{name}"
        made = rule(project, name, network, spec, id_=machines.id("firewall", number))
        project.firewalls.add(path, made | {"creationTimestamp": CREATED})
    attach_policy(project, machines, "global", GLOBAL_POLICY, _global_rules(machines))
    for number, region in enumerate(machines.regions):
        name = f"edge-{region}"
        attach_policy(project, machines, f"regions/{region}", name, _edge_rules(number))


def rule(project: Project, name: str, network: str, spec: Spec, *, id_: str) -> Resource:
    """Make a VPC firewall rule."""
    return {
        "kind": "compute#firewall",
        "id": id_,
        "creationTimestamp": CREATED,
        "name": name,
        "description": "",
        "network": project.link(f"global/networks/{network}"),
        "priority": 1000,
        "direction": "INGRESS",
        "logConfig": {"enable": False},
        "disabled": False,
        "selfLink": project.link(f"global/firewalls/{name}"),
        **spec,
    }


def ports(protocol: str, *numbers: str) -> list[Resource]:
    """Return what a rule allows or denies: ports of one protocol, or all of it."""
    return [{"IPProtocol": protocol, **({"ports": list(numbers)} if numbers else {})}]


def _rules(machines: Machines) -> list[tuple[str, str, Spec]]:
    low = {"priority": 65534}
    inside = [*ports("tcp", "0-65535"), *ports("udp", "0-65535"), *ports("icmp")]
    web, database = ports("tcp", "80", "443"), ports("tcp", "5432")
    logged = {"logConfig": {"enable": True, "metadata": "INCLUDE_ALL_METADATA"}}
    accounts = {
        "sourceServiceAccounts": [machines.account("batch")],
        "targetServiceAccounts": [machines.account("cache")],
    }
    everywhere = {"sourceRanges": [ANYWHERE]}
    closed = {"direction": "EGRESS", "destinationRanges": [ANYWHERE]}
    return [
        (
            DEFAULT,
            "default-allow-internal",
            low | {"allowed": inside, "sourceRanges": ["10.128.0.0/9"]},
        ),
        (DEFAULT, "default-allow-ssh", low | everywhere | {"allowed": ports("tcp", "22")}),
        (DEFAULT, "default-allow-icmp", low | everywhere | {"allowed": ports("icmp")}),
        (
            CORE,
            "core-allow-web",
            {"allowed": web, "sourceRanges": BALANCERS, "targetTags": ["web"]},
        ),
        (
            CORE,
            "core-allow-iap",
            logged
            | {
                "allowed": ports("tcp", "22", "3389"),
                "sourceRanges": [IAP],
                "targetTags": ["allow-iap"],
            },
        ),
        (
            CORE,
            "core-allow-db",
            {"allowed": database, "sourceTags": ["api", "worker"], "targetTags": ["db"]},
        ),
        (CORE, "core-allow-cache", accounts | {"allowed": ports("tcp", "6379", "11211")}),
        (
            CORE,
            "core-allow-internal",
            low | {"allowed": ports("icmp"), "sourceRanges": ["10.0.0.0/9"]},
        ),
        (
            CORE,
            "core-allow-ssh-bastion",
            logged | everywhere | {"allowed": ports("tcp", "22"), "targetTags": [BASTION]},
        ),
        (
            CORE,
            "core-allow-debug",
            everywhere | {"allowed": ports("all"), "targetTags": ["dev"], "disabled": True},
        ),
        (CORE, "core-deny-telnet", everywhere | {"priority": 100, "denied": ports("tcp", "23")}),
        (CORE, "core-deny-smtp", closed | {"priority": 900, "denied": ports("tcp", "25")}),
    ]


def _global_rules(machines: Machines) -> list[Resource]:
    health = [*ports_of("tcp", "8080"), *ports_of("tcp", "9090-9100")]
    ranges = {"srcIpRanges": list(BALANCERS), "layer4Configs": health}
    return [
        policy_rule(1000, "allow", ranges, ruleName="allow-health-checks"),
        policy_rule(
            2000,
            "goto_next",
            {"srcIpRanges": ["10.0.0.0/8"], "layer4Configs": ports_of("all")},
            targetServiceAccounts=[machines.account("api")],
        ),
        policy_rule(
            3000,
            "deny",
            {"destIpRanges": ["203.0.113.0/24"], "layer4Configs": ports_of("all")},
            direction="EGRESS",
            enableLogging=True,
        ),
    ]


def _edge_rules(number: int) -> list[Resource]:
    source = {
        "srcIpRanges": [f"198.51.100.{16 * number}/28"],
        "layer4Configs": ports_of("tcp", "443"),
    }
    old = {"srcIpRanges": ["192.0.2.0/24"], "layer4Configs": ports_of("udp")}
    return [
        policy_rule(1000, "allow", source, ruleName="partners"),
        policy_rule(1100, "allow", old, disabled=True),
    ]


def ports_of(protocol: str, *numbers: str) -> list[Resource]:
    """Return layer 4 configurations, as firewall policies write them."""
    return [{"ipProtocol": protocol, **({"ports": list(numbers)} if numbers else {})}]


def policy_rule(priority: int, action: str, match: Resource, **more: Any) -> Resource:
    """Make a rule of a firewall policy."""
    return {
        "kind": "compute#firewallPolicyRule",
        "description": "",
        "priority": priority,
        "match": match,
        "action": action,
        "direction": "INGRESS",
        "enableLogging": False,
        "disabled": False,
        "ruleTupleCount": 2,
    } | more


def last_rules() -> list[Resource]:
    """Return the rules that every policy ends with: they leave everything to what comes next."""
    rules = []
    for number, (direction, range_) in enumerate(
        [("EGRESS", "::/0"), ("INGRESS", "::/0"), ("EGRESS", ANYWHERE), ("INGRESS", ANYWHERE)]
    ):
        side = "srcIpRanges" if direction == "INGRESS" else "destIpRanges"
        match = {side: [range_], "layer4Configs": ports_of("all")}
        text = f"default {direction.lower()} rule{' ipv6' if ':' in range_ else ''}"
        rules.append(
            policy_rule(LAST + number, "goto_next", match, direction=direction, description=text)
        )
    return rules


def attach_policy(
    project: Project, machines: Machines, scope: str, name: str, rules: list[Resource]
) -> None:
    """Make a network firewall policy and associate it with the core network."""
    path = f"{scope}/firewallPolicies/{name}"
    id_ = machines.id(f"policy/{scope}", 0)
    made: Resource = {
        "kind": "compute#firewallPolicy",
        "id": id_,
        "creationTimestamp": CREATED,
        "name": name,
        "description": "",
        "rules": (complete := rules + last_rules()),
        "fingerprint": fingerprint(complete),
        "selfLink": project.link(path),
        "selfLinkWithId": project.link(f"{scope}/firewallPolicies/{id_}"),
        "associations": [
            {"name": f"{name}-core", "attachmentTarget": project.link(f"global/networks/{CORE}")}
        ],
        "ruleTupleCount": 2 * len(complete),
    }
    if scope != "global":
        made["region"] = project.link(scope)
    project.policies.add(path, made)


def hierarchical(id_: str, parent: str, short_name: str, rules: list[Resource]) -> Resource:
    """Make a hierarchical firewall policy, associated with the node that owns it."""
    complete = rules + last_rules()
    return {
        "kind": "compute#firewallPolicy",
        "id": id_,
        "creationTimestamp": CREATED,
        "name": id_,
        "shortName": short_name,
        "displayName": short_name,
        "description": "",
        "parent": parent,
        "rules": complete,
        "fingerprint": fingerprint(complete),
        "selfLink": f"{LINK}/locations/global/firewallPolicies/{id_}",
        "selfLinkWithId": f"{LINK}/locations/global/firewallPolicies/{id_}",
        "associations": [
            {
                "name": f"{short_name}-association",
                "attachmentTarget": parent,
                "firewallPolicyId": id_,
                "displayName": short_name,
                "shortName": short_name,
            }
        ],
        "ruleTupleCount": 2 * len(complete),
    }


def effective(
    estate: Estate, project: Project, network: str, region: str | None = None
) -> Resource:
    """Return what is in effect in a network: its rules, and the policies from the top down.

    The regional question is answered with global and regional policies, the other without the
    regional ones.
    """
    link = project.link(f"global/networks/{network}")
    firewalls = map(project.firewalls.get, project.firewalls.ids())
    policies = [
        {"name": policy["name"], "displayName": policy["displayName"], "type": "HIERARCHY"}
        | ({} if region else {"shortName": policy["shortName"]})
        | {"rules": policy["rules"]}
        for policy in _above(estate, project)
    ]
    for scope, type_ in [("global", "NETWORK"), (f"regions/{region}", "NETWORK_REGIONAL")]:
        for path in project.policies.scope(scope):
            policy = project.policies.get(path)
            if any(link == found["attachmentTarget"] for found in policy["associations"]):
                entry = {"name": policy["name"], "type": type_, "priority": 1000}
                policies.append(entry | {"rules": policy["rules"]})
    rules = [rule for rule in firewalls if rule["network"] == link]
    return {"firewalls": rules} | ({"firewallPolicys": policies} if policies else {})


def _above(estate: Estate, project: Project) -> list[Resource]:
    """Return the hierarchical policies above a project, the organisation's first."""
    chain, node = [], project.parent
    while node:
        chain.append(node)
        node = estate.folders[node]["parent"] if node in estate.folders else ""
    return [
        policy
        for node in reversed(chain)
        for policy in estate.policies.values()
        if any(node == found["attachmentTarget"] for found in policy["associations"])
    ]
