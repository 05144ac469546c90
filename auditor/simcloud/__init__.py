"""Simulated clouds on loopback, in the providers' own wire protocols; one folder per cloud."""

from auditor.simcloud.faults import Fault
from auditor.simcloud.server import SimCloud

__all__ = ["Fault", "SimCloud"]
