"""Simulated Azure: the Resource Manager in front of Compute, Network and the Activity Log.

`with SimAzure(generate(machines=100)) as cloud:` serves an estate that the unchanged SDK reads with
`base_url=cloud.url` and a policy that sends no token.
"""

from auditor.simcloud.azure.cloud import SimAzure
from auditor.simcloud.azure.estate import Estate, Subscription
from auditor.simcloud.azure.generator import generate

__all__ = ["Estate", "SimAzure", "Subscription", "generate"]
