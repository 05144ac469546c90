"""Names of VPC networks in the forms in which files write them."""

from __future__ import annotations

NETWORKS = "gcp_compute_networks"


def network_key(link: str, project: str | None = None) -> str:
    """Return a network's URL, self link or name without host and version."""
    at = link.find("projects/")
    if at >= 0:
        return link[at:]
    is_address = "." in link or not project
    return link if is_address else f"projects/{project}/global/networks/{link}"
