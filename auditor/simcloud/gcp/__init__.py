"""Simulated Google Cloud: Compute, Cloud Logging and Resource Manager.

`with SimGcp(generate(instances=100)) as cloud:` serves an estate that the unchanged SDKs read
with `cloud.url` as their API endpoint.
"""

from auditor.simcloud.gcp.cloud import SimGcp
from auditor.simcloud.gcp.estate import Estate, Project
from auditor.simcloud.gcp.generator import ZONES, generate

__all__ = ["ZONES", "Estate", "Project", "SimGcp", "generate"]
