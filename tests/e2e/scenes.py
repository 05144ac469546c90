"""Small clouds in which scenarios are played between two runs, and what is found then."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from auditor import decisions, pipeline
from auditor.config import load_config
from auditor.simcloud.aws import SimAws
from auditor.simcloud.aws import generate as aws_estate
from auditor.simcloud.aws import scenarios as on_aws
from auditor.simcloud.aws.generator import make_region
from auditor.simcloud.aws.machines import Machines
from auditor.simcloud.azure import SimAzure
from auditor.simcloud.azure import generate as azure_estate
from auditor.simcloud.azure import scenarios as on_azure
from auditor.simcloud.gcp import SimGcp
from auditor.simcloud.gcp import generate as gcp_estate
from auditor.simcloud.gcp import scenarios as on_gcp
from tests.e2e.conftest import Cli
from tests.harness import section

REGION, UNUSED, LOCATION = "us-east-1", "eu-north-1", "westeurope"
LOGS = {"aws": "cloudtrail", "azure": "activity_log", "gcp": "audit_log"}
MOST = 70
"""How many members the groups of AWS may have."""
Found = tuple[str, str, str, str]
"""Query, verdict, severity, and what it is about: a name of what was touched, or an id's end."""


@dataclass
class Scene:
    """One simulated cloud, the command that audits it, and what was touched so far."""

    cli: Cli
    scenarios: ModuleType
    where: tuple[Any, ...]
    touched: dict[str, list[str]] = field(default_factory=dict)

    def play(self, do: str, *, region: str | None = None, **options: Any) -> None:
        """Let a scenario happen half an hour ago, here or in another region of AWS."""
        where = (*self.where[:2], region) if region else self.where
        moment = datetime.now(UTC) - timedelta(minutes=30)
        options["moment"] = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for name, ids in getattr(self.scenarios, do)(*where, **options).items():
            known = self.touched.setdefault(name, [])
            known.extend(id_ for id_ in ids if id_ not in known)

    def audit(self) -> tuple[int, list[dict[str, Any]]]:
        """Run, and return the exit code and the findings that hold."""
        code, document = self.cli.run()
        return code, [f for f in document["findings"] if f["status"] != "resolved"]

    def told(self, findings: Sequence[Mapping[str, Any]]) -> Counter[Found]:
        """Return findings in the words of a case file."""
        return Counter(
            (f["query_id"], f["verdict"], f["severity"], self._about(f["resource_id"]))
            for f in findings
        )

    def _about(self, resource_id: str) -> str:
        for name, ids in self.touched.items():
            for id_ in ids:
                if resource_id.lower().endswith(id_.lower().lstrip("/")):
                    return name
        return resource_id.rpartition("/")[2]


@contextmanager
def scene(cloud: str, folder: Path, *, logs: bool) -> Iterator[Scene]:
    """Serve a cloud as it is at first, always the same, and point the command at it."""
    cli = Cli(folder)
    others = "".join(f"[{other}]\nenabled = false\n" for other in LOGS if other != cloud)
    with _served(cloud) as (sim, scenarios, where, keys):
        if isinstance(sim, SimAws):
            cli.environment = sim.environment()
        cli.configure(others + section(cloud, keys | {LOGS[cloud]: logs}))
        yield Scene(cli, scenarios, where)


def approved(cloud: str, folder: Path, *, logs: bool) -> None:
    """Leave a store in the folder in which all of the cloud was approved yesterday."""
    with scene(cloud, folder, logs=logs) as here, pytest.MonkeyPatch.context() as patch:
        for name, value in here.cli.environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        config = load_config(folder / "audit.toml")
        first = pipeline.run(config, clock=lambda: pipeline.now() - timedelta(days=1))
        assert first.gaps == ()
        request = decisions.prepare(config, findings=())
        who = decisions.Who(by="ada", prepared_by="bob", reason="all of it")
        decisions.approve(config, request, who)


def copy_store(source: Path, target: Path) -> None:
    """Copy store and approval log, so that a scenario begins where another one did."""
    for name in ("audit.duckdb", "approvals.jsonl"):
        shutil.copy(source / name, target / name)


@contextmanager
def _served(cloud: str) -> Iterator[tuple[Any, ModuleType, tuple[Any, ...], dict[str, Any]]]:
    if cloud == "aws":
        estate = aws_estate(accounts=1, regions=[REGION], instances=20)
        [account] = estate.accounts
        empty = Machines(estate.seed, account, UNUSED, 0)
        estate.accounts[account].regions[UNUSED] = make_region(empty)
        groups = estate.region(account, REGION).scaling_groups
        for name in groups.ids():
            groups.edit(name)["MaxSize"] = MOST
        with SimAws(estate) as aws:
            keys = {"regions": [REGION, UNUSED], "iam": True}
            yield aws, on_aws, (estate, account, REGION), keys
    elif cloud == "azure":
        with SimAzure(azure_estate(subscriptions=1, locations=[LOCATION], machines=20)) as azure:
            [subscription] = azure.estate.subscriptions
            where = (azure.estate, subscription, LOCATION)
            yield azure, on_azure, where, azure.configuration()
    else:
        with SimGcp(gcp_estate(projects=1, instances=20)) as gcp:
            [project] = gcp.estate.projects
            yield gcp, on_gcp, (gcp.estate, project), gcp.configuration() | {"iam": True}
