"""Simulated AWS: EC2, Auto Scaling, IAM, CloudTrail, STS and Organizations.

`with SimAws(generate(instances=100)) as cloud:` serves an estate that the unchanged SDK reads
once `cloud.environment()` is set.
"""

from auditor.simcloud.aws.cloud import SimAws
from auditor.simcloud.aws.estate import Account, Estate, Region
from auditor.simcloud.aws.events import Principal
from auditor.simcloud.aws.generator import generate

__all__ = ["Account", "Estate", "Principal", "Region", "SimAws", "generate"]
