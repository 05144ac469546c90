"""The configuration file: every key, its default and what it means.

An empty file is valid and audits what the default credentials see. Unknown keys are errors that
name the nearest key, so that a misspelling never silently switches something off.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from auditor.errors import ConfigError
from auditor.model import Severity

DEFAULT_FILE = "audit.toml"
"""Read from the working directory when `--config` is not given and it exists."""

_SUBSCRIPTION = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> object:
    """Turn `45m`, `90s`, `2h` or a number of seconds into a timedelta."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if isinstance(value, str) and value[-1:] in _UNITS and value[:-1].isdecimal():
        return timedelta(seconds=int(value[:-1]) * _UNITS[value[-1]])
    if isinstance(value, timedelta):
        return value
    raise ValueError("expected a duration such as 90s, 45m, 2h or 7d")


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Section(BaseModel):
    """A part of the file; refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreConfig(Section):
    """Where history is kept."""

    path: Path = Field(Path("audit.duckdb"), description="The DuckDB file that holds all history.")
    wait: Duration = Field(
        timedelta(seconds=30), description="How long readers wait while a run writes its snapshot."
    )
    memory_limit: str = Field("1GB", description="Memory that DuckDB may use.")


class RunConfig(Section):
    """How much is read, how fast, and what makes a run fail."""

    concurrency: int = Field(16, ge=1, le=256, description="Scopes and tables read at once.")
    deadline: Duration = Field(
        timedelta(minutes=45), description="When collection stops; what is unread then is a gap."
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


class BaselineConfig(Section):
    """What snapshots are compared with, and who may approve it."""

    name: str = Field("default", description="The baseline that runs are compared with.")
    directory: Path = Field(
        Path("baselines"), description="Reserved: folder of exported baselines."
    )
    approvals: Path = Field(
        Path("approvals.jsonl"), description="The hash-chained log of approvals."
    )
    allowed_signers: Path | None = Field(
        None, description="Reserved: OpenSSH allowed_signers file."
    )
    four_eyes: bool = Field(False, description="The approver must not be the preparer.")


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
    cloudtrail: bool = Field(False, description="Reserved: who changed what, from CloudTrail.")
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
    activity_log: bool = Field(False, description="Read who changed what, from the activity log.")


class GcpConfig(Section):
    """Google Cloud: reserved, this version has no tables for it."""

    enabled: bool = Field(False, description="Refused while there are no tables for Google Cloud.")
    projects: list[str] = Field([], description="Reserved: projects to read.")
    folder: str | None = Field(None, description="Reserved: folder whose projects are read.")
    organization: str | None = Field(
        None, description="Reserved: organisation whose projects are read."
    )
    endpoint: str | None = Field(None, description="Reserved: endpoint of Compute Engine.")
    logging_endpoint: str | None = Field(None, description="Reserved: endpoint of Cloud Logging.")
    audit_log: bool = Field(False, description="Reserved: who changed what.")


class ReportConfig(Section):
    """Files that every run writes."""

    directory: Path = Field(Path("reports"), description="Folder for the reports of each run.")
    formats: list[str] = Field(["json", "html"], description="Formats that every run writes.")


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
    report: ReportConfig = ReportConfig()

    def digest(self) -> str:
        """Return the sha256 (hex) of what is audited and how; where files lie is left out."""
        places: dict[str, Any] = {
            "store": True,
            "report": True,
            "run": {"queries"},
            "baseline": {"directory", "approvals", "allowed_signers"},
        }
        plain = self.model_dump(mode="json", exclude=places)
        return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def load_config(path: Path | None = None) -> Config:
    """Read and check a configuration file; relative paths in it start at its folder.

    Without a path, `audit.toml` of the working directory is used where it exists, else defaults.
    Raises `ConfigError` with file, key and the nearest known key.
    """
    if path is None:
        path = Path(DEFAULT_FILE)
        if not path.exists():
            return _rooted(Config(), Path.cwd())
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ConfigError(
            "no such configuration file", where=str(path), hint="write one with: audit init"
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("the file cannot be read", where=str(path)) from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"not valid TOML: {exc}", where=str(path)) from None
    try:
        config = Config.model_validate(data)
    except ValidationError as exc:
        raise _explained(exc, path) from None
    _check(config, path)
    return _rooted(config, path.resolve().parent)


def known_keys() -> Iterator[tuple[str, Any]]:
    """Yield every dotted key with its pydantic field, in the order of the file."""
    yield from _fields(Config, "")


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, info in model.model_fields.items():
        yield prefix + name, info
        for inner in _models(info.annotation):
            yield from _fields(inner, f"{prefix}{name}.")


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _explained(error: ValidationError, path: Path) -> ConfigError:
    keys = [key for key, _ in known_keys()]
    lines: list[str] = []
    hint = None
    for problem in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in problem["loc"] if not isinstance(part, int))
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.6)
            lines.append(f"{key} - no such key" + (f"; did you mean {near[0]}?" if near else ""))
            hint = "config.example.toml lists every key"
        else:
            lines.append(f"{key} - {problem['msg'].removeprefix('Value error, ')}")
    return ConfigError("; ".join(lines), where=str(path), hint=hint)


def _check(config: Config, path: Path) -> None:
    for key, url in (
        ("aws.endpoint_url", config.aws.endpoint_url),
        ("azure.base_url", config.azure.base_url),
        ("gcp.endpoint", config.gcp.endpoint),
        ("gcp.logging_endpoint", config.gcp.logging_endpoint),
    ):
        if url and urlsplit(url).scheme != "https" and not on_loopback(url):
            raise ConfigError(
                f"{key} - plain http is allowed on loopback only",
                where=str(path),
                hint="use https",
            )
    if config.aws.accounts and config.aws.organization:
        raise ConfigError(
            "aws.accounts and aws.organization exclude each other",
            where=str(path),
            hint="list the accounts, or let the organization list them",
        )


def on_loopback(url: str) -> bool:
    """Say whether a URL points at this machine; no credential is sent over plain http there."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _rooted(config: Config, folder: Path) -> Config:
    """Make every path absolute, starting at the folder of the file."""
    store = config.store.model_copy(update={"path": folder / config.store.path})
    signers = config.baseline.allowed_signers
    baseline = config.baseline.model_copy(
        update={
            "directory": folder / config.baseline.directory,
            "approvals": folder / config.baseline.approvals,
            "allowed_signers": folder / signers if signers else None,
        }
    )
    run = config.run.model_copy(update={"queries": [folder / q for q in config.run.queries]})
    report = config.report.model_copy(update={"directory": folder / config.report.directory})
    return config.model_copy(
        update={"store": store, "baseline": baseline, "run": run, "report": report}
    )
