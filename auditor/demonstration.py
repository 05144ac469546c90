"""The demo: a simulated cloud, a baseline, an attack, and the report that it leads to."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import decisions, pipeline, transfer
from auditor.config import Config, load_config
from auditor.errors import UsageError
from auditor.model import AuditRun
from auditor.report.files import write_file, write_reports
from auditor.simcloud import aws, azure, gcp
from auditor.simcloud.aws import scenarios as on_aws
from auditor.simcloud.azure import scenarios as on_azure
from auditor.simcloud.gcp import scenarios as on_gcp

REGIONS = ("eu-central-1", "us-east-1")
LOCATION = "westeurope"
INSTANCES = 20
"""Per region and account, subscription or project."""

_CONFIG = """\
# The demo's configuration: two AWS accounts of a simulated organisation, the second by role, an
# Azure subscription and a Google Cloud project. What the endpoints named ended with the demo.
[store]
path = "audit.duckdb"

[aws]
regions = {regions}
cloudtrail = true

[[aws.accounts]]
id = "{first}"

[[aws.accounts]]
id = "{second}"
role_arn = "arn:aws:iam::{second}:role/audit-reader"
external_id = "demo"

{azure}

{gcp}

[report]
directory = "reports"
"""

_ALICE = decisions.Who(by="alice", prepared_by="bob", reason="initial inventory", ticket="CHG-1")
_SHIPPED_AT = datetime(2026, 9, 1, 9, tzinfo=UTC)
"""When the baseline that ships with the program was read and approved."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _World:
    """The three simulated clouds of the demo."""

    aws: aws.SimAws
    azure: azure.SimAzure
    gcp: gcp.SimGcp

    @property
    def accounts(self) -> tuple[str, str]:
        """The two AWS accounts."""
        first, second = self.aws.estate.accounts
        return first, second

    @property
    def subscription(self) -> str:
        """The Azure subscription."""
        return next(iter(self.azure.estate.subscriptions))

    @property
    def project(self) -> str:
        """The Google Cloud project."""
        return next(iter(self.gcp.estate.projects))


def play(folder: Path, tell: Tell) -> AuditRun:
    """Run the whole story and leave store, approval log and reports in the folder.

    Raises `UsageError` for a folder that already holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            "the folder of the demo is not empty", where=str(folder), hint="name a new one"
        )
    with _clouds() as world:
        config = _configured(folder, world)
        tell("1. First run over two AWS accounts, an Azure subscription, a Google Cloud project.")
        before = pipeline.run(config, clock=lambda: pipeline.now() - timedelta(days=1))
        tell(
            f"   {before.snapshot.rows:,} resources read; nobody has approved them: "
            f"exit code {before.exit_code}."
        )
        tell("2. Alice looks at it and approves it as the baseline.")
        decisions.approve(
            config,
            decisions.prepare(config, findings=()),
            _ALICE,
        )
        quiet = pipeline.run(config)
        tell(f"3. Second run: {len(quiet.active)} findings, exit code {quiet.exit_code}.")
        tell("4. Benign churn: rules rewritten, public addresses changed, lists reordered.")
        _churn(world)
        tell("5. An attacker with stolen keys (MITRE ATT&CK T1578.002):")
        for line in attack(world):
            tell(f"   - {line}")
        tell("6. Third run:")
        after = pipeline.run(config)
    write_reports(after, config.report)
    return after


def write_baseline(target: Path) -> None:
    """Write the demo's approved baseline as files, the same bytes each time.

    Raises `BaselineError` where the folder holds something else.
    """
    with tempfile.TemporaryDirectory() as scratch, _clouds() as world:
        config = _configured(Path(scratch), world)
        baseline = config.baseline.model_copy(update={"name": "demo"})
        config = config.model_copy(update={"baseline": baseline})
        pipeline.run(config, clock=lambda: _SHIPPED_AT)
        decisions.approve(
            config, decisions.prepare(config, findings=()), _ALICE, clock=lambda: _SHIPPED_AT
        )
        transfer.export_baseline(config, output=target)


def attack(world: _World) -> Iterator[str]:
    """Play the attack in each cloud, and say each step."""
    estate, account, region = world.aws.estate, world.accounts[1], REGIONS[1]
    at = (pipeline.now() - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    chain = on_aws.snapshot_chain(estate, account, region, moment=at)
    yield f"aws: snapshot {chain['snapshots'][0]} of the disk of {chain['victims'][0]}"
    yield f"aws: volume {chain['volumes'][0]} from it, on the new instance {chain['instances'][0]}"
    yield f"aws: group {chain['groups'][0]} that lets anyone in by SSH"
    role = on_aws.attach_role(estate, account, region, moment=at)
    yield f"aws: an administrator's role for {role['instances'][0]}"
    weak = on_aws.weaken_metadata(estate, account, region, moment=at)
    yield f"aws: IMDSv1 back on for {weak['instances'][0]}"
    opened = on_aws.open_group(estate, account, region, moment=at)
    yield f"aws: tcp/22 opened in group {opened['groups'][0]}"
    on_azure.snapshot_chain(world.azure.estate, world.subscription, LOCATION, moment=at)
    yield "azure: a victim's disk copied into a new machine, open to the Internet"
    on_azure.disable_secure_boot(world.azure.estate, world.subscription, LOCATION, moment=at)
    yield "azure: secure boot switched off"
    on_gcp.snapshot_chain(world.gcp.estate, world.project, moment=at)
    yield "gcp: a victim's disk copied into a new instance, open to the Internet"
    on_gcp.serial_port_on(world.gcp.estate, world.project, moment=at)
    yield "gcp: a serial port switched on"


def leftovers(folder: Path) -> list[str]:
    """Return the commands that look closer at what the demo left behind."""
    config = f"--config {folder / 'audit.toml'}"
    return [
        f"{folder / 'reports' / 'report.html'}  (open it in a browser)",
        f"audit report {config}",
        f"audit findings list {config}",
        f"audit query {config} 'SELECT cloud, region, count(*) FROM instances GROUP BY ALL'",
        f"audit store verify {config}",
    ]


@contextlib.contextmanager
def _clouds() -> Iterator[_World]:
    in_aws = aws.generate(accounts=2, regions=REGIONS, instances=INSTANCES, external_id="demo")
    in_azure = azure.generate(locations=[LOCATION], machines=INSTANCES)
    in_gcp = gcp.generate(projects=1, instances=INSTANCES)
    with (
        aws.SimAws(in_aws) as amazon,
        azure.SimAzure(in_azure) as microsoft,
        gcp.SimGcp(in_gcp) as google,
        _environment(amazon.environment()),
    ):
        yield _World(amazon, microsoft, google)


def _churn(world: _World) -> None:
    account, region = world.accounts[0], REGIONS[0]
    on_aws.rewrite_rules(world.aws.estate, account, region)
    on_aws.churn_public_addresses(world.aws.estate, account, region)
    on_aws.shuffle(world.aws.estate, account, region)
    on_azure.churn_public_addresses(world.azure.estate, world.subscription, LOCATION)
    on_azure.shuffle(world.azure.estate, world.subscription, LOCATION)
    on_gcp.churn_public_addresses(world.gcp.estate, world.project)
    on_gcp.shuffle(world.gcp.estate, world.project)


def _configured(folder: Path, world: _World) -> Config:
    path = folder / "audit.toml"
    first, second = world.accounts
    text = _CONFIG.format(
        first=first,
        second=second,
        regions=json.dumps(REGIONS),
        azure=_section("azure", world.azure.configuration() | {"activity_log": True}),
        gcp=_section("gcp", world.gcp.configuration() | {"audit_log": True}),
    )
    write_file(path, text.encode())
    return load_config(path)


def _section(name: str, keys: Mapping[str, object]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in keys.items())])


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a block; the SDK reads endpoint and keys from there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
