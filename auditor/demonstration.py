"""The demo: a simulated cloud, a baseline, an attack, and the report that it leads to."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from auditor import decisions, pipeline
from auditor.config import Config, load_config
from auditor.errors import UsageError
from auditor.model import AuditRun
from auditor.report.files import write_file, write_reports
from auditor.simcloud.aws import Estate, SimAws, generate, scenarios

REGIONS = ("eu-central-1", "us-east-1")
INSTANCES = 25
"""Per region and account."""

_CONFIG = """\
# The demo's configuration: two accounts of a simulated organisation, the second by role.
[store]
path = "audit.duckdb"

[aws]
regions = {regions}

[[aws.accounts]]
id = "{first}"

[[aws.accounts]]
id = "{second}"
role_arn = "arn:aws:iam::{second}:role/audit-reader"
external_id = "demo"

[report]
directory = "reports"
"""

Tell = Callable[[str], None]


def play(folder: Path, tell: Tell) -> AuditRun:
    """Run the whole story and leave store, approval log and reports in the folder.

    Raises `UsageError` for a folder that already holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            "the folder of the demo is not empty", where=str(folder), hint="name a new one"
        )
    estate = generate(accounts=2, regions=REGIONS, instances=INSTANCES, external_id="demo")
    first, second = estate.accounts
    config = _configured(folder, first, second)
    with SimAws(estate) as cloud, _environment(cloud.environment()):
        tell(f"1. First run over {len(estate.accounts)} accounts and {len(REGIONS)} regions.")
        before = pipeline.run(config)
        tell(
            f"   {before.snapshot.rows:,} resources read; nobody has approved them: "
            f"exit code {before.exit_code}."
        )
        tell("2. Alice looks at it and approves it as the baseline.")
        decisions.approve(
            config,
            decisions.prepare(config, findings=()),
            decisions.Who(
                by="alice", prepared_by="bob", reason="initial inventory", ticket="CHG-1"
            ),
        )
        quiet = pipeline.run(config)
        tell(f"3. Second run: {len(quiet.active)} findings, exit code {quiet.exit_code}.")
        tell("4. Benign churn: rules rewritten, public addresses changed, lists reordered.")
        scenarios.rewrite_rules(estate, first, REGIONS[0])
        scenarios.churn_public_addresses(estate, first, REGIONS[0])
        scenarios.shuffle(estate, first, REGIONS[0])
        tell("5. An attacker with stolen keys (MITRE ATT&CK T1578.002):")
        for line in attack(estate, second):
            tell(f"   - {line}")
        tell("6. Third run:")
        after = pipeline.run(config)
    write_reports(after, config.report)
    return after


def attack(estate: Estate, account: str) -> Iterator[str]:
    """Play the attack on one account, and say each step."""
    region = REGIONS[1]
    chain = scenarios.snapshot_chain(estate, account, region)
    victim, copy = chain["victims"][0], chain["instances"][0]
    yield f"snapshot {chain['snapshots'][0]} of the disk of {victim}"
    yield f"volume {chain['volumes'][0]} from it, on the new instance {copy}"
    yield f"group {chain['groups'][0]} that lets anyone in by SSH"
    role = scenarios.attach_role(estate, account, region)
    yield f"an administrator's role for {role['instances'][0]}"
    weak = scenarios.weaken_metadata(estate, account, region)
    yield f"IMDSv1 back on for {weak['instances'][0]}"
    opened = scenarios.open_group(estate, account, region)
    yield f"tcp/22 opened in group {opened['groups'][0]}"


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


def _configured(folder: Path, first: str, second: str) -> Config:
    path = folder / "audit.toml"
    write_file(
        path,
        _CONFIG.format(first=first, second=second, regions=list(REGIONS))
        .replace("'", '"')
        .encode(),
    )
    return load_config(path)


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
