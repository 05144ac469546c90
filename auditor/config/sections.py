"""Every key of the configuration file: its default and what it means."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from auditor.config.kinds import Duration, Section, Window, Zone
from auditor.config.outputs import EvidenceConfig, ReportConfig
from auditor.model import Severity

_SUBSCRIPTION = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"


class StoreConfig(Section):
    """Where history is kept."""

    path: Path = Field(Path("audit.duckdb"), description="The DuckDB file that holds all history.")
    wait: Duration = Field(
        timedelta(seconds=30), description="How long readers wait while a run writes its snapshot."
    )
    memory_limit: str = Field("512MB", description="Memory that DuckDB may use.")


class RunConfig(Section):
    """How much is read, how fast, and what makes a run fail."""

    concurrency: int = Field(16, ge=1, le=256, description="Scopes and tables read at once.")
    deadline: Duration = Field(
        timedelta(minutes=45), description="When collection stops; what is unread then is a gap."
    )
    every: Duration | None = Field(
        None,
        description="How often a run is scheduled; evidence lists those that did not happen. "
        "Empty: no schedule.",
    )
    fail_on: Severity = Field(Severity.LOW, description="Least severity that makes exit code 3.")
    tables: list[str] = Field(["*"], description="Globs of tables to read.")
    skip_tables: list[str] = Field([], description="Globs of tables to leave out.")
    queries: list[Path] = Field([], description="More folders with drift queries.")
    shrink_guard: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of a table's rows (at least 10) that may vanish in one scope before "
        "the reading counts as truncated until a second one confirms it; 1 switches it off.",
    )
    connect_timeout: Duration = Field(
        timedelta(seconds=10), description="How long one connection may take to open."
    )
    read_timeout: Duration = Field(
        timedelta(seconds=60), description="How long one response may keep the run waiting."
    )
    max_attempts: int = Field(5, ge=1, le=20, description="Tries of one API call, the first too.")


class ApprovalPolicy(Section):
    """How many of whom have to approve changes in which accounts; every rule that fits holds."""

    accounts: list[Annotated[str, Field(min_length=1)]] = Field(
        ["*"], min_length=1, description="Globs of accounts, subscriptions and projects."
    )
    approvers: list[Annotated[str, Field(min_length=1)]] = Field(
        ["*"], min_length=1, description="Globs of principals of the allowed_signers file."
    )
    minimum: int = Field(1, ge=1, le=10, description="How many of them have to sign.")


class BaselineConfig(Section):
    """What snapshots are compared with, and who may approve it."""

    name: str = Field("default", description="The baseline that runs are compared with.")
    directory: Path = Field(
        Path("baselines"), description="Where baselines are exported to, a folder for each name."
    )
    approvals: Path = Field(
        Path("approvals.jsonl"),
        description="The hash-chained log of approvals; signatures are in the folder beside it "
        "that ends in `.d`.",
    )
    signing_key: Path | None = Field(
        None,
        description="SSH key that signs your approvals: a private key, or the public one of a key "
        "that the agent holds.",
    )
    allowed_signers: Path | None = Field(
        None,
        description="OpenSSH allowed_signers file: who may approve, with which key, from when "
        "until when. Empty: approvals are not signed.",
    )
    revoked_keys: Path | None = Field(
        None,
        description="Public keys, or an OpenSSH key revocation list: their signatures count at no "
        "time. A key that just retires gets `valid-before` in allowed_signers.",
    )
    four_eyes: bool = Field(False, description="The approver must not be the preparer.")
    longest_waiver: Duration = Field(
        timedelta(days=90), description="How long a waiver may hold before somebody renews it."
    )
    policy: list[ApprovalPolicy] = Field(
        [], description="Who has to approve what. Empty: any one allowed signer."
    )


class AwsAccount(Section):
    """One AWS account and how to reach it."""

    id: str | None = Field(None, pattern=r"^\d{12}$", description="The account number.")
    profile: str | None = Field(None, description="A named profile of the AWS configuration.")
    role_arn: str | None = Field(
        None, pattern=r"^arn:aws[\w-]*:iam::\d{12}:role/.+$", description="The role to assume."
    )
    external_id: str | None = Field(None, description="External id for assuming the role.")


class AwsOrganization(Section):
    """All active accounts of an AWS Organization."""

    role_name: str = Field(description="Name of the read-only role in each account.")
    external_id: str | None = Field(None, description="External id for assuming these roles.")
    management_profile: str | None = Field(None, description="Profile that may list accounts.")
    skip_accounts: list[str] = Field([], description="Account numbers to leave out.")


class AwsConfig(Section):
    """Amazon Web Services."""

    enabled: bool = Field(True, description="Whether AWS is audited.")
    accounts: list[AwsAccount] = Field(
        [], description="Empty: the one account of the default credentials."
    )
    organization: AwsOrganization | None = Field(
        None, description="Audit the accounts of an Organization instead of a list."
    )
    regions: list[str] = Field([], description="Empty: every enabled region of each account.")
    instance_attributes: bool = Field(
        True, description="Read user data hashes and protections: four calls per instance."
    )
    iam: bool = Field(
        False, description="Read instance profiles with their roles: two calls per role."
    )
    instance_creators: bool = Field(
        False, description="Read who may create instances, from all IAM policies of the account."
    )
    cloudtrail: bool = Field(
        False, description="Read who changed what from CloudTrail: two pages of 50 a second."
    )
    endpoint_url: str | None = Field(
        None, description="Endpoint of every AWS service; AWS_ENDPOINT_URL is honoured too."
    )


class AzureConfig(Section):
    """Microsoft Azure."""

    enabled: bool = Field(False, description="Whether Azure is audited.")
    subscriptions: list[Annotated[str, Field(pattern=_SUBSCRIPTION)]] = Field(
        [], description="Empty: every enabled subscription that the credentials see."
    )
    tenant_id: str | None = Field(
        None, description="Tenant to log in to, else the one of the credentials."
    )
    cloud: Literal["public", "china", "usgov"] = Field("public", description="Which Azure cloud.")
    base_url: str | None = Field(
        None, description="Endpoint of the resource manager; no credential is sent over plain http."
    )
    instance_attributes: bool = Field(
        True, description="Read user data hashes: a call per virtual machine and scale set."
    )
    instance_creators: bool = Field(
        False, description="Read who may create instances, from role assignments."
    )
    activity_log: bool = Field(False, description="Read who changed what, from the activity log.")


class GcpConfig(Section):
    """Google Cloud."""

    enabled: bool = Field(False, description="Whether Google Cloud is audited.")
    projects: list[str] = Field(
        [], description="Projects to read. Empty: the one of the default credentials."
    )
    folder: str | None = Field(
        None, description="Folder whose projects are read, those of folders in it too."
    )
    organization: str | None = Field(None, description="Organisation whose projects are read.")
    endpoint: str | None = Field(
        None,
        description="Endpoint of Compute Engine; on loopback, of the other APIs too. "
        "Plain http, which gets no credential, on loopback only.",
    )
    logging_endpoint: str | None = Field(None, description="Endpoint of Cloud Logging.")
    audit_log: bool = Field(False, description="Who changed what, from the Admin Activity log.")
    iam: bool = Field(
        False, description="Read the IAM policy of each instance, snapshot and image: a call each."
    )
    instance_creators: bool = Field(
        False,
        description="Read who may create instances, from the project's IAM policy. Definitions of "
        "roles need a token with the scope cloud-platform.",
    )

    @property
    def parents(self) -> tuple[str, ...]:
        """The organisation and the folder that are configured, as resource names."""
        named = (("organizations/", self.organization), ("folders/", self.folder))
        return tuple(kind + name.removeprefix(kind) for kind, name in named if name)


class BehaviourConfig(Section):
    """Who may change what and when; the drift queries read it where a cloud's log is read."""

    approved_creators: list[Annotated[str, Field(min_length=1)]] = Field(
        [],
        description="Globs of principals that may make instances, disks and snapshots; case does "
        "not count. Empty: nobody is reported for not being listed.",
    )
    change_windows: list[Window] = Field(
        [],
        description="When changes are expected, such as `Mon-Fri 08:00-18:00` or "
        "`Sat,Sun 22:00-02:00`. Empty: at any time.",
    )
    timezone: Zone = Field(
        "UTC", description="Time zone of the change windows, such as Europe/Berlin."
    )
    changes_per_hour: int = Field(
        5, ge=1, description="So many changes of one resource within a clock hour are many."
    )
    created_per_hour: int = Field(
        20,
        ge=1,
        description="So many instances, disks and snapshots that one principal makes within a "
        "clock hour are many.",
    )


class Config(Section):
    """The whole file."""

    store: StoreConfig = StoreConfig()
    run: RunConfig = RunConfig()
    baseline: BaselineConfig = BaselineConfig()
    aws: AwsConfig = AwsConfig()
    azure: AzureConfig = AzureConfig()
    gcp: GcpConfig = GcpConfig()
    severity: dict[str, Severity] = Field(
        {}, description="Severity by id of a setting or a drift query."
    )
    behaviour: BehaviourConfig = BehaviourConfig()
    report: ReportConfig = ReportConfig()
    evidence: EvidenceConfig = EvidenceConfig()

    def audited(self) -> dict[str, Any]:
        """Return what is audited and how, as JSON has it; where files lie is left out."""
        places: dict[str, Any] = {
            "store": True,
            "report": True,
            "evidence": True,
            "run": {"queries"},
            "baseline": {
                "directory",
                "approvals",
                "signing_key",
                "allowed_signers",
                "revoked_keys",
            },
        }
        return self.model_dump(mode="json", exclude=places)

    def digest(self) -> str:
        """Return the sha256 (hex) of what is audited and how."""
        plain = self.audited()
        return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()
