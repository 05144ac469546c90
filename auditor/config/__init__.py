"""The configuration file: every key, its default and what it means.

An empty file is valid and audits what the default credentials see. Unknown keys are errors that
name the nearest key, so that a misspelling never silently switches something off.
"""

from auditor.config.file import DEFAULT_FILE, known_keys, load_config, on_loopback
from auditor.config.outputs import EvidenceConfig, ReportConfig
from auditor.config.sections import (
    ApprovalPolicy,
    AwsAccount,
    AwsConfig,
    AwsOrganization,
    AzureConfig,
    BaselineConfig,
    BehaviourConfig,
    Config,
    GcpConfig,
    RunConfig,
    StoreConfig,
)

__all__ = [
    "DEFAULT_FILE",
    "ApprovalPolicy",
    "AwsAccount",
    "AwsConfig",
    "AwsOrganization",
    "AzureConfig",
    "BaselineConfig",
    "BehaviourConfig",
    "Config",
    "EvidenceConfig",
    "GcpConfig",
    "ReportConfig",
    "RunConfig",
    "StoreConfig",
    "known_keys",
    "load_config",
    "on_loopback",
]
