"""Who did it: the logs of three clouds joined to findings, and what that may not change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.diff.attribution import automation
from auditor.model import AuditRun, Finding, FindingStatus, Status
from auditor.report.attribution import attributed
from tests.harness import HOME, Lab, Rows, of
from tests.policy.world import SCOPES

START = datetime(2026, 1, 1, tzinfo=UTC)
ADA = "arn:aws:iam::111111111111:user/ada"
LOGS = {
    "aws": "aws_cloudtrail_events",
    "azure": "azure_monitor_activity_log_events",
    "gcp": "gcp_logging_audit_entries",
}


FEW = (
    *LOGS.values(),
    "aws_ec2_instances",
    "azure_compute_virtual_machine_scale_set_vms",
    "azure_compute_virtual_machines",
    "azure_network_interfaces",
    "gcp_compute_disks",
    "gcp_compute_instances",
)
"""The tables that instances and events are made of: a store with only these is quick."""


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, tables=FEW, known=FEW)


def event(
    number: int, operation: str, *ids: str, minute: float = 2.5, **more: Any
) -> dict[str, Any]:
    """Return a row of CloudTrail; minute 1 is when the baseline was begun, 5 the snapshot."""
    return {
        "id": f"e-{number}",
        "event_id": f"e-{number}",
        "event_name": operation,
        "event_time": START + timedelta(minutes=minute),
        "outcome": "success",
        "principal": ADA,
        "source_ip": "203.0.113.7",
        "user_agent": "aws-cli/2.27 os/linux",
        "resource_ids": sorted(ids),
        **more,
    }


def audit(lab: Lab, before: Rows, after: Rows, *events: dict[str, Any], **options: Any) -> AuditRun:
    lab.seal(before, **options)
    lab.approve()
    return lab.audit({**after, LOGS["aws"]: list(events)}, **options)


def new_instance(run: AuditRun) -> Any:
    found = of(run, "new_instance")
    assert len(found) == 1
    return found[0].attribution


NEW: Rows = {"aws_ec2_instances": [{"id": "i-00000001"}]}


def test_one_event_names_who_from_where_with_what_and_when(lab: Lab) -> None:
    run = audit(lab, {}, NEW, event(1, "RunInstances", "i-00000001", "sg-1"))
    assert new_instance(run) == {
        "confidence": "one",
        "principal": ADA,
        "source_ip": "203.0.113.7",
        "user_agent": "aws-cli/2.27 os/linux",
        "automation": None,
        "operation": "RunInstances",
        "time": "2026-01-01T00:02:30Z",
        "events": 1,
        "event_ids": ["e-1"],
        "principals": [ADA],
    }
    assert attributed(new_instance(run)) == (
        "by ada from 203.0.113.7 with aws-cli, 2026-01-01 00:02, one event"
    )


def test_several_events_are_told_by_the_last(lab: Lab) -> None:
    bob = {"principal": ADA.replace("ada", "bob")}
    run = audit(
        lab,
        {},
        NEW,
        event(1, "RunInstances", "i-00000001"),
        event(2, "StopInstances", "i-00000001", minute=3.5, **bob),
    )
    found = new_instance(run)
    assert (found["confidence"], found["events"], found["event_ids"]) == (
        "several",
        2,
        ["e-1", "e-2"],
    )
    assert attributed(found) == (
        "last by bob from 203.0.113.7 with aws-cli, 2026-01-01 00:03, 2 events by 2 principals"
    )


def test_what_does_not_explain_it_is_no_event(lab: Lab) -> None:
    """One that failed, one from before the baseline, and one about another instance."""
    run = audit(
        lab,
        {},
        NEW,
        event(1, "RunInstances", "i-00000001", outcome="failure"),
        event(2, "RunInstances", "i-00000001", minute=0.5),
        event(3, "RunInstances", "i-00000002"),
    )
    assert new_instance(run) == {"confidence": "none"}


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_log_that_was_not_read_explains_nothing(lab: Lab, side: str) -> None:
    denied = {(LOGS["aws"], HOME): Status.DENIED}
    lab.seal({}, coverage=denied if side == "before" else None)
    lab.approve()
    run = lab.audit(NEW, coverage=denied if side == "after" else None)
    assert new_instance(run) == {"confidence": "unread"}


def test_an_operation_on_the_thing_itself_outweighs_one_that_only_names_it(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    opened = "ingress tcp/22 from 0.0.0.0/0"
    run = audit(
        lab,
        {"aws_ec2_security_groups": [{"id": "sg-00000001"}]},
        {
            "aws_ec2_security_groups": [{"id": "sg-00000001"}],
            "aws_ec2_security_group_rules": [
                {"id": "sgr-1", "group": "sg-00000001", "rule": opened}
            ],
        },
        event(1, "AuthorizeSecurityGroupIngress", "sg-00000001"),
        event(2, "CreateTags", "sg-00000001", minute=3.5, principal="other"),
    )
    (found,) = of(run, "policy_loosened")
    assert isinstance(found.attribution, dict)
    assert found.attribution["event_ids"] == ["e-1"]


def test_azure_and_google_cloud(lab: Lab) -> None:
    """Azure logs the change of a rule at the rule; Google Cloud names what a call refers to."""
    machine, instance = ({"id": "new", "name": "new"} for _ in range(2))
    lab.seal({}, scopes=SCOPES.values())
    lab.approve()
    log = {"event_time": START + timedelta(minutes=2.5), "outcome": "success", "event_id": "e"}
    run = lab.audit(
        {
            "azure_compute_virtual_machines": [
                machine | {"account_id": SCOPES["azure"].account_id}
            ],
            "gcp_compute_instances": [instance | {"account_id": SCOPES["gcp"].account_id}],
            LOGS["azure"]: [
                log
                | {
                    "account_id": SCOPES["azure"].account_id,
                    "operation": "microsoft.compute/virtualmachines/extensions/write",
                    "caller": "ada@example.org",
                    "target_id": f"/subscriptions/{SCOPES['azure'].account_id}"
                    "/azure_compute_virtual_machines/new/extensions/x",
                }
            ],
            LOGS["gcp"]: [
                log
                | {
                    "account_id": SCOPES["gcp"].account_id,
                    "method": "compute.disks.insert",
                    "principal": "1@cloudservices.gserviceaccount.com",
                    "target_id": "//compute.googleapis.com/projects/project-1/zones/z/disks/d",
                    "links": [
                        "attached=//compute.googleapis.com/projects/project-1"
                        "/gcp_compute_instances/new"
                    ],
                }
            ],
        },
        scopes=SCOPES.values(),
    )
    told = {f.scope.cloud: f.attribution for f in of(run, "new_instance")}
    assert told["azure"]["principal"] == "ada@example.org"  # type: ignore[index, call-overload]
    assert told["gcp"]["automation"] == "google apis service agent"  # type: ignore[index, call-overload]


def test_it_changes_neither_identity_nor_content_and_comes_late(lab: Lab) -> None:
    run = audit(lab, {}, NEW)
    before = of(run, "new_instance")[0]
    assert before.attribution == {"confidence": "none"}
    late = lab.audit({**NEW, LOGS["aws"]: [event(1, "RunInstances", "i-00000001")]})
    after = of(late, "new_instance")[0]
    assert (after.fingerprint, after.content_hash) == (before.fingerprint, before.content_hash)
    assert after.status is FindingStatus.OPEN and after.changed_at is None
    assert isinstance(after.attribution, dict) and after.attribution["confidence"] == "one"
    dark = lab.audit(NEW, coverage={(LOGS["aws"], HOME): Status.DENIED})
    assert of(dark, "new_instance")[0].attribution == after.attribution, "known stays known"


def test_an_approval_does_not_bind_to_it(lab: Lab) -> None:
    run = audit(lab, {}, NEW)
    lab.approve(of(run, "new_instance"))
    assert not lab.audit({**NEW, LOGS["aws"]: [event(1, "RunInstances", "i-00000001")]}).active


def test_findings_about_coverage_have_none(lab: Lab) -> None:
    run = audit(lab, NEW, NEW)
    denied = lab.audit(NEW, coverage={("aws_ec2_instances", HOME): Status.DENIED})
    assert not run.active
    found: list[Finding] = of(denied, "coverage_lost")
    assert found and all(f.attribution is None for f in found)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (
            (ADA, "203.0.113.7", "HashiCorp/1.0 Terraform/1.9"),
            "terraform",
        ),
        (("arn:aws:iam::1:role/x", "cloudformation.amazonaws.com", None), "cloudformation"),
        (("arn:aws:iam::1:role/AWSServiceRoleForAutoScaling", None, None), "autoscaling"),
        ((ADA, "203.0.113.7", "aws-cli/2"), None),
    ],
)
def test_automation_is_marked(claims: tuple[str | None, ...], expected: str | None) -> None:
    assert automation(*claims) == expected


@pytest.mark.parametrize("value", [None, "x", {}, {"confidence": "exact"}, {"principal": 1}])
def test_other_values_are_no_attribution(value: Any) -> None:
    assert attributed(value) is None


def test_a_name_forges_no_line() -> None:
    told = attributed({"confidence": "one", "principal": "a\nb\u202e", "time": "2026"})
    assert told == "by a\\nb\\u202e, 2026, one event"
