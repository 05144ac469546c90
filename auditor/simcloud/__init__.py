"""Simulated clouds on loopback, in the providers' own wire protocols.

AWS so far: EC2, STS and Organizations. `with SimCloud(generate(instances=100)) as cloud:` serves an
estate that the unchanged SDK reads once `cloud.environment()` is set.
"""

from auditor.simcloud.estate import Account, Collection, Estate, Region
from auditor.simcloud.faults import Fault
from auditor.simcloud.generator import generate
from auditor.simcloud.server import SimCloud

__all__ = ["Account", "Collection", "Estate", "Fault", "Region", "SimCloud", "generate"]
