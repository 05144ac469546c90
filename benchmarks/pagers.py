"""What engine and SDK read in each cloud: a table, its goal, and the SDK's own pager for it.

A pager is the unchanged SDK: it reads every page of the same listing and throws it away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.config import Config

Section = Mapping[str, Any]
"""A cloud's part of the configuration."""


@dataclass(frozen=True)
class Subject:
    """One cloud's listing of instances."""

    table: str
    sdk: str
    """The pager in words."""
    goal: int
    """Microseconds of CPU per instance that the engine is to stay under."""
    page: Callable[[Section], int]
    """Reads all pages with the SDK; returns the number of instances."""


def config(cloud: str, section: Section, path: Path) -> Config:
    """Return a configuration that reads the cloud's instances into a store under `path`."""
    from auditor.config import Config

    keys = {"aws": {"enabled": False}, cloud: section}
    run = {"tables": [SUBJECTS[cloud].table]}
    return Config.model_validate({"store": {"path": path / "audit.duckdb"}, "run": run, **keys})


def _aws(section: Section) -> int:
    import boto3

    pages = (
        boto3.client("ec2", region_name=section["regions"][0])
        .get_paginator("describe_instances")
        .paginate(IncludeManagedResources=True, PaginationConfig={"PageSize": 1000})
    )
    return sum(len(r["Instances"]) for page in pages for r in page["Reservations"])


def _azure(section: Section) -> int:
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.mgmt.compute import ComputeManagementClient

    class Nobody:
        """A credential whose token is never sent."""

        def get_token(self, *_: str, **__: Any) -> AccessToken:
            return AccessToken("none", 0)

    client = ComputeManagementClient(
        Nobody(),
        section["subscriptions"][0],
        base_url=section["base_url"],
        authentication_policy=SansIOHTTPPolicy(),
    )
    with client:
        return sum(1 for _ in client.virtual_machines.list_all())


def _gcp(section: Section) -> int:
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import compute_v1

    client = compute_v1.InstancesClient(
        credentials=AnonymousCredentials(), client_options={"api_endpoint": section["endpoint"]}
    )
    asked = {"project": section["projects"][0], "max_results": 500}
    with client:
        return sum(len(part.instances) for _, part in client.aggregated_list(request=asked))


SUBJECTS = {
    "aws": Subject("aws_ec2_instances", "boto3", 200, _aws),
    "azure": Subject("azure_compute_virtual_machines", "azure-mgmt-compute", 130, _azure),
    "gcp": Subject("gcp_compute_instances", "google-cloud-compute", 60, _gcp),
}
