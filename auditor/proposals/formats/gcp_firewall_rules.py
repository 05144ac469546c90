"""`gcloud compute firewall-rules list --format json`: all rules of the networks that it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from auditor.proposals.gcp import NETWORKS, network_key
from auditor.proposals.model import Document, Proposal, Raw, objects, text_of

TITLE = "gcloud compute firewall-rules list --format json"

_KIND = "compute#firewall"


def recognises(document: Document) -> bool:
    """Say whether this is a rule, a list of rules, or the API's own answer."""
    items = _items(document)
    return bool(items) and all(
        isinstance(item, dict) and item.get("kind", _KIND) == _KIND and _is_rule(item)
        for item in items
    )


def read(document: Document, where: str) -> Iterator[Proposal]:
    """Yield each network that has rules here; they are taken as all that it has."""
    networks: defaultdict[str, list[Raw]] = defaultdict(list)
    for number, rule in enumerate(objects(_items(document), where or "the list")):
        place = f"{where}firewall rule {rule.get('name') or number}"
        text_of(rule, "name", place)
        networks[network_key(text_of(rule, "network", place))].append(rule)
    for key, rules in networks.items():
        name = key.rpartition("/")[2]
        yield Proposal(NETWORKS, key, f"{where}network {name}", name=name, rules=tuple(rules))


def _items(document: Document) -> list[Any]:
    if isinstance(document, dict) and document.get("kind") == "compute#firewallList":
        found = document.get("items")
        return found if isinstance(found, list) else []
    return document if isinstance(document, list) else [document]


def _is_rule(item: dict[str, Any]) -> bool:
    return "network" in item and ("allowed" in item or "denied" in item)
