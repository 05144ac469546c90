"""A quarter of a small estate: every kind of run, finding and decision once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from auditor.baseline import waivers
from auditor.baseline.record import Decision
from auditor.evidence.export import Evidence, export_evidence
from auditor.model import Finding, Status
from tests.harness import HOME, LEAST, Clock, Lab, Rows
from tests.signing import Office, make_key

INSTANCES = "aws_ec2_instances"
PERIOD = "2026-Q1"
AFTER = datetime(2026, 4, 2, tzinfo=UTC)
"""When evidence of the period is exported."""


def hops(**counts: int) -> Rows:
    return {INSTANCES: [{"id": f"i-{n}", "metadata_hop_limit": c} for n, c in counts.items()]}


@dataclass
class Quarter:
    """A store with a quarter behind it."""

    lab: Lab
    office: Office
    folder: Path

    def export(self, output: str = "bundle", **options: Any) -> Evidence:
        given = {"period": PERIOD, "clock": lambda: AFTER, "output": self.folder / output}
        return export_evidence(self.lab.config, **{**given, **options})

    def set(self, section: str, **changes: Any) -> None:
        config = self.lab.config
        self.lab.config = config.model_copy(
            update={section: getattr(config, section).model_copy(update=changes)}
        )


def _day(lab: Lab, day: int, month: int = 1) -> None:
    lab.clock.moment = datetime(2026, month, day, 4, tzinfo=UTC)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Live through the quarter once, whichever worker comes first; tests get copies."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return _live(tmp_path_factory.mktemp("quarter"))
    shared = tmp_path_factory.getbasetemp().parent / "quarter"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            _live(tmp_path_factory.mktemp("quarter")).rename(shared)
    return shared


def _live(folder: Path) -> Path:
    lab = Lab(folder, clock=Clock(), tables=[INSTANCES], known=LEAST)
    office = Office(lab)
    _day(lab, 20)
    lab.audit(hops(a=1, b=1, c=1, d=1))
    office.approve("alice")
    _day(lab, 21)
    run = lab.audit(hops(a=2, b=3, c=4, d=1))
    a, b, _ = sorted(run.active, key=lambda f: f.resource_id)
    office.approve("alice", [a])
    _waive(lab, office, b)
    _day(lab, 22)
    lab.audit(hops(a=2, b=3, c=1, d=5))
    _day(lab, 25)
    lab.audit(coverage={("*", HOME): Status.DENIED})
    _day(lab, 26)
    lab.audit(hops(a=2, b=3, c=1, d=5))
    _day(lab, 5, month=4)
    lab.seal(hops(a=9, b=9, c=9, d=9))
    return folder


def _waive(lab: Lab, office: Office, finding: Finding) -> None:
    office.set(signing_key=office.key("bob"))
    at = lab.clock()
    who = Decision("bob@example.com", "carol", "mended in spring", at, ticket="CHG-7")
    waivers.waive(
        lab.config.baseline, who, finding, owner="web team", expires_at=at + timedelta(days=80)
    )


@pytest.fixture
def quarter(lived: Path, tmp_path: Path) -> Quarter:
    folder = tmp_path / "quarter"
    shutil.copytree(lived, folder)
    lab = Lab(folder, tables=[INSTANCES], known=LEAST)
    quarter = Quarter(lab, Office(lab), folder)
    quarter.set("run", every=timedelta(days=1))
    return quarter


@pytest.fixture
def signed(quarter: Quarter) -> Quarter:
    """A quarter whose evidence is signed with an SSH key and a PEM key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    pem = quarter.folder / "evidence.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem],
        check=True,
        capture_output=True,
    )
    ssh = make_key(quarter.folder, "alice")
    quarter.set("evidence", signing_key=ssh, pem_key=pem)
    return quarter


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Any]:
    """A time-stamping authority on loopback."""
    from tests.evidence.authority import serve

    with serve(tmp_path / "tsa") as found:
        yield found
