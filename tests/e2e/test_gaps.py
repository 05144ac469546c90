"""What could not be read is unknown: never removed, never clean."""

from __future__ import annotations

import time

from auditor.simcloud import Fault
from auditor.simcloud.aws import SimAws, generate, scenarios
from tests.e2e.conftest import SIMCLOUD_TABLES, Cli, read, simulated

DENIED, THROTTLED, CUT, SOUND = "us-east-1", "eu-west-1", "ap-south-1", "eu-central-1"
REGIONS = (DENIED, THROTTLED, CUT, SOUND)
ACCOUNT = "111111111111"
PER_REGION = 1020
"""More than a page of DescribeInstances."""
DEADLINE = 60
FAULTS = (
    Fault("deny", region=DENIED),
    Fault("throttle", region=THROTTLED),
    Fault("cut", region=CUT, action="DescribeInstances", skip=1),
)


def test_a_denied_a_throttled_and_a_cut_region(cli: Cli) -> None:
    estate = generate(accounts=[ACCOUNT], regions=REGIONS, instances=PER_REGION)
    with SimAws(estate) as cloud:
        simulated(cli, cloud, regions=REGIONS, more=f"deadline = {DEADLINE}")
        cli.run()
        cli("baseline", "approve", "--reason", "all of it", "--yes")
        assert cli.run()[0] == 0

        cloud.inject(*FAULTS)
        begun = time.monotonic()
        code, dark = cli.run()
        assert time.monotonic() - begun < DEADLINE
        assert code == 4
        status = {(c["region"], c["table"]): (c["status"], c["error_kind"]) for c in read(dark)}
        for table in SIMCLOUD_TABLES:
            assert status[DENIED, table] == ("denied", "denied")
            assert status[THROTTLED, table] == ("throttled", "throttled")
            assert status[SOUND, table] == ("complete", None)
        assert status[CUT, "aws_ec2_instances"] == ("failed", "malformed")
        assert status[CUT, "aws_ec2_security_groups"] == ("complete", None)
        rows = {c["region"]: c["rows"] for c in read(dark) if "instances" in c["table"]}
        assert rows[SOUND] == PER_REGION
        assert {f["verdict"] for f in dark["findings"]} == {"UNKNOWN"}
        assert {f["region"] for f in dark["findings"]} == {DENIED, THROTTLED, CUT}
        text = cli("report").stdout
        assert "nothing is said about what was not read there" in text
        assert "RequestLimitExceeded" in text
        assert "UnauthorizedOperation" in text

        scenarios.weaken_metadata(estate, ACCOUNT, SOUND)
        code, drift = cli.run()
        assert code == 3
        assert {f["verdict"] for f in drift["findings"]} == {"UNKNOWN", "LOOSENED"}

        cloud.inject()
        code, whole = cli.run()
        assert code == 3
        assert {(f["verdict"], f["status"]) for f in whole["findings"]} == {
            ("UNKNOWN", "resolved"),
            ("LOOSENED", "open"),
        }


def test_a_cloud_that_is_gone_removes_nothing(cli: Cli) -> None:
    with SimAws(generate(accounts=[ACCOUNT], instances=20)) as cloud:
        simulated(cli, cloud, regions=["us-east-1"])
        cli.run()
        cli("baseline", "approve", "--reason", "all of it", "--yes")
    code, dead = cli.run()
    assert code == 4
    assert {f["verdict"] for f in dead["findings"]} == {"UNKNOWN"}
    assert {c["status"] for c in read(dead)} == {"failed"}
    assert len(cli.json("query", "SELECT * FROM instances")) == 20
    seen = cli.json("query", "SELECT DISTINCT observed FROM aws_ec2_instances")
    assert seen == [{"observed": False}]


def test_a_region_that_shrinks_is_believed_the_second_time(cli: Cli) -> None:
    estate = generate(accounts=[ACCOUNT], instances=60)
    with SimAws(estate) as cloud:
        simulated(cli, cloud, regions=["us-east-1"])
        cli.run()
        cli("baseline", "approve", "--reason", "all of it", "--yes")
        region = estate.region(ACCOUNT, "us-east-1")
        with estate.lock:
            for instance_id in list(region.instances.ids())[:50]:
                region.instances.remove(instance_id)
        code, shrunk = cli.run()
        assert code == 4
        assert not [f for f in shrunk["findings"] if f["verdict"] == "REMOVED"]
        truncated = [c for c in read(shrunk) if c["status"] == "truncated"]
        assert [c["error_kind"] for c in truncated] == ["shrink"]
        code, confirmed = cli.run()
        assert code == 3
        assert sum(f["verdict"] == "REMOVED" for f in confirmed["findings"]) == 50


def test_a_slow_account_does_not_delay_the_others(cli: Cli) -> None:
    estate = generate(accounts=3, instances=10)
    first, slow, last = estate.accounts
    others = (first, last)
    with SimAws(estate, faults=[Fault("stall", account=slow, seconds=60)]) as cloud:
        cli.environment = cloud.environment()
        entries = "\n".join(
            f'[[aws.accounts]]\nid = "{a}"\nrole_arn = "arn:aws:iam::{a}:role/audit-reader"'
            for a in estate.accounts
        )
        cli.configure(
            f"[run]\ntables = {list(SIMCLOUD_TABLES)}\nmax_attempts = 1\nread_timeout = 2\n"
            f'deadline = 30\n[aws]\nregions = ["us-east-1"]\n{entries}\n'
        )
        begun = time.monotonic()
        code, result = cli.run()
        assert time.monotonic() - begun < 30
    assert code == 4
    status = {c["account_id"]: c["status"] for c in read(result)}
    assert status == {slow: "failed", **dict.fromkeys(others, "complete")}
