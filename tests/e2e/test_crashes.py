"""A run may die at any moment, and two may meet: the store stays whole."""

from __future__ import annotations

import random
import time

import pytest

from auditor.collect.catalog import all_tables
from auditor.config import load_config
from auditor.inquiry import verify_everything
from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws, generate, scenarios
from auditor.store.database import reading
from auditor.store.snapshots import coverage_of, snapshots
from tests.e2e.conftest import Cli, simulated

ACCOUNT, REGION = "111111111111", "us-east-1"
KILLS = 20
TABLES = sum(table.cloud == "aws" for table in all_tables())


@pytest.mark.slow
def test_kill_at_any_moment(cli: Cli) -> None:
    estate = generate(accounts=[ACCOUNT], regions=[REGION], instances=60)
    moments = random.Random(4711)
    with SimAws(estate) as cloud:
        simulated(cli, cloud, regions=[REGION])
        begun = time.monotonic()
        assert cli.run()[0] == 4
        duration = time.monotonic() - begun
        cli("baseline", "approve", "--reason", "start", "--yes")
        config = load_config(cli.folder / "audit.toml")
        killed = 0
        for _ in range(KILLS):
            scenarios.churn_public_addresses(estate, ACCOUNT, REGION)
            scenarios.scale_out(estate, ACCOUNT, REGION)
            with cli.start("run", "--quiet") as run:
                time.sleep(moments.uniform(0.2, 1.1) * duration)
                run.kill()
                run.communicate()
            killed += run.returncode == -9
            assert verify_everything(config).problems == ()
            with reading(config.store) as con:
                for snapshot in snapshots(con):
                    assert len(coverage_of(con, snapshot.id)) == TABLES
        assert killed >= KILLS // 2
        code, after = cli.run()
        assert code == 3
        assert {f["verdict"] for f in after["findings"]} == {"NEW"}
    assert not list(cli.folder.glob(".stage-*"))


def test_two_runs_at_once_and_a_reader(cli: Cli) -> None:
    estate = generate(accounts=[ACCOUNT], regions=[REGION], instances=10)
    with SimAws(estate) as cloud:
        simulated(cli, cloud, regions=[REGION], read_timeout=30)
        cli.run()
        cloud.inject(Fault("delay", seconds=8, action="DescribeInstances"))
        with cli.start("run", "--json") as first:
            while not list(cli.folder.glob(".stage-*")):
                assert first.poll() is None
                time.sleep(0.05)
            second = cli("run")
            report = cli("report")
            assert first.poll() is None
            first.communicate(timeout=60)
    assert second.returncode == 75
    assert "another run holds the lock" in second.stderr
    assert report.returncode == 0
    assert "snapshot 1" in report.stdout
    assert first.returncode == 4
    assert cli.json("query", "SELECT count(*) AS n FROM snapshots") == [{"n": 2}]
