"""Runs that every report has to render: rich and hostile, clean, first, and one that fails."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.model import (
    AuditRun,
    Baseline,
    Coverage,
    Finding,
    FindingStatus,
    Outcome,
    Scope,
    Severity,
    SkippedQuery,
    Snapshot,
    Status,
    Verdict,
)

NOW = datetime(2026, 3, 17, 4, 12, 9, 731000, tzinfo=UTC)
PROD, DATA = "111122223333", "444455556666"
PRODUCTION = Scope("aws", PROD, "eu-west-1")
FRANKFURT = Scope("aws", PROD, "eu-central-1")
WAREHOUSE = Scope("aws", DATA, "eu-west-1")
SCRIPT = "<script>alert(1)</script>"
BIDI = "invoice\u202egpj.exe"
CONTROL = "web\x00\x1b[31m-1\nCLEAN: forged line"
HOSTILE = (
    SCRIPT,
    BIDI,
    CONTROL,
    "[red]not markup[/red]",
    "=cmd()",
    '"><img src=x onerror=alert(1)>',
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot(rows: int = 412) -> Snapshot:
    return Snapshot(
        id=12,
        run_id="20260317T041000Z-7c1e",
        started_at=NOW - timedelta(minutes=2),
        sealed_at=NOW,
        tool_version="0.1.0",
        config_digest=digest("config"),
        rows=rows,
        digest=digest("snapshot"),
        previous_digest=digest("previous"),
        approval_head=digest("head"),
        seal=digest("seal"),
    )


def baseline() -> Baseline:
    return Baseline(
        name="production",
        version=3,
        snapshot=9,
        digest=digest("baseline"),
        previous_digest=digest("baseline 2"),
        prepared_by="ci@example.com",
        approved_by="alice@example.com",
        approved_at=NOW - timedelta(days=20),
        reason="quarterly review of network policies",
        ticket="SEC-1042",
        review_due=NOW + timedelta(days=70),
        scopes=16,
    )


def finding(verdict: Verdict, severity: Severity, title: str, **parts: Any) -> Finding:
    """Build a finding from what matters in a test; the rest is filled in the same way each time."""
    scope = parts.pop("scope", PRODUCTION)
    resource = parts.pop("resource", f"i-{digest(title)[:8]}")
    arn = f"arn:aws:ec2:{scope.region}:{scope.account_id}:instance/{resource}"
    given: dict[str, Any] = {
        "fingerprint": digest(f"{title}{resource}{scope}")[:32],
        "query_id": "aws_setting_changed",
        "scope": scope,
        "resource_id": arn,
        "resource_type": "aws_ec2_instances",
        "reason": "a setting differs from the approved value",
        "before": None,
        "after": None,
        "detail_key": None,
        "attack": ("T1578.002",),
        "controls": ("nist-800-53-r5:CM-6",),
        "content_hash": digest(title),
        "first_seen": NOW - timedelta(days=1),
        "last_seen": NOW,
        "changed_at": NOW - timedelta(days=1),
    }
    return Finding(verdict=verdict, severity=severity, title=title, **(given | parts))


def rich_run() -> AuditRun:
    return AuditRun(
        snapshot=snapshot(),
        baseline=baseline(),
        coverage=_coverage(),
        findings=(*_worst(), *_hostile(), *_rest()),
        outcome=Outcome.DRIFT,
        fail_on=Severity.HIGH,
        tool_version="0.1.0",
        inventory={"aws_ec2_instances": 214, "aws_ec2_security_groups": 61, "aws_ec2_volumes": 137},
        skipped_queries=(SkippedQuery("creator_first_seen", "activity logs are not configured"),),
        problems=("the run before this one was interrupted; its data was discarded",),
        next_steps=(
            "audit findings show " + digest("x")[:8],
            "audit baseline approve --finding "
            + digest("x")[:32]
            + ' --reason "..." --ticket SEC-1',
        ),
    )


def clean_run() -> AuditRun:
    coverage = tuple(
        Coverage(table, scope, Status.COMPLETE, rows=9, digest=digest(table), approved=True)
        for scope in (PRODUCTION, WAREHOUSE)
        for table in ("aws_ec2_instances", "aws_ec2_security_groups", "aws_ec2_volumes")
    )
    return AuditRun(
        snapshot=snapshot(54),
        baseline=baseline(),
        coverage=coverage,
        findings=(),
        outcome=Outcome.CLEAN,
        fail_on=Severity.HIGH,
        tool_version="0.1.0",
        inventory={"aws_ec2_instances": 18, "aws_ec2_security_groups": 18, "aws_ec2_volumes": 18},
    )


def first_run() -> AuditRun:
    """Nothing is approved yet: everything is proposed."""
    clean = clean_run()
    return AuditRun(
        snapshot=clean.snapshot,
        baseline=None,
        coverage=tuple(
            Coverage(c.table, c.scope, c.status, rows=c.rows, digest=c.digest)
            for c in clean.coverage
        ),
        findings=(),
        outcome=Outcome.UNAPPROVED,
        fail_on=Severity.HIGH,
        tool_version="0.1.0",
        inventory=clean.inventory,
        next_steps=("audit review", 'audit baseline approve --reason "first baseline"'),
    )


def integrity_run() -> AuditRun:
    clean = clean_run()
    return AuditRun(
        snapshot=clean.snapshot,
        baseline=baseline(),
        coverage=clean.coverage,
        findings=(),
        outcome=Outcome.INTEGRITY,
        fail_on=Severity.HIGH,
        tool_version="0.1.0",
        inventory=clean.inventory,
        problems=("baseline production version 3: content digest does not match its manifest",),
        next_steps=("audit store verify", "audit baseline verify production"),
    )


def empty_run() -> AuditRun:
    """No scope at all: no credentials, or none configured."""
    return AuditRun(
        snapshot=snapshot(0),
        baseline=None,
        coverage=(),
        findings=(),
        outcome=Outcome.INCOMPLETE,
        fail_on=Severity.HIGH,
        tool_version="0.1.0",
    )


RUNS = {
    "rich": rich_run,
    "clean": clean_run,
    "first": first_run,
    "integrity": integrity_run,
    "empty": empty_run,
}


def _coverage() -> tuple[Coverage, ...]:
    tables = ("aws_ec2_instances", "aws_ec2_security_groups", "aws_ec2_volumes", "aws_ec2_images")
    denied = "ec2:DescribeInstances is not allowed for role auditor-read"
    special: Mapping[tuple[str, Scope], dict[str, Any]] = {
        ("aws_ec2_instances", WAREHOUSE): {
            "kind": (Status.DENIED, "UnauthorizedOperation", denied)
        },
        ("aws_ec2_volumes", WAREHOUSE): {"kind": (Status.DENIED, "UnauthorizedOperation", denied)},
        ("aws_ec2_images", WAREHOUSE): {
            "kind": (Status.THROTTLED, "RequestLimitExceeded", "gave up after 8 tries")
        },
        ("aws_ec2_volumes", FRANKFURT): {
            "kind": (Status.TRUNCATED, "shrink_guard", "3 rows where 40 were: not confirmed")
        },
        ("aws_ec2_images", FRANKFURT): {"kind": (Status.SKIPPED, None, "skip_tables")},
        ("aws_ec2_security_groups", FRANKFURT): {"approved": False},
    }
    found = []
    for scope in (PRODUCTION, FRANKFURT, WAREHOUSE):
        for table in tables:
            marks = special.get((table, scope), {})
            status, kind, detail = marks.get("kind", (Status.COMPLETE, None, None))
            complete = status is Status.COMPLETE
            found.append(
                Coverage(
                    table,
                    scope,
                    status,
                    rows=17 if complete else 0,
                    error_kind=kind,
                    detail=detail,
                    digest=digest(table) if complete else None,
                    approved=complete and marks.get("approved", True),
                )
            )
    found.append(
        Coverage(
            "aws_ec2_instances",
            Scope("aws", DATA, "me-south-1"),
            Status.DISABLED,
            error_kind="OptInRequired",
            detail="region is not enabled",
        )
    )
    return tuple(found)


def _worst() -> tuple[Finding, ...]:
    rule = {"name": "bastion", "ports": [22], "sources": ["10.0.0.0/8", "10.1.0.0/16"]}
    opened = rule | {"sources": ["10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0"]}
    hop = {
        "http_tokens": "required",
        "hop_limit": 1,
        "endpoint": "enabled",
        "tags": {"env": "prod"},
    }
    return (
        finding(
            Verdict.LOOSENED,
            Severity.CRITICAL,
            "SSH opened to the Internet",
            query_id="aws_policy_loosened",
            resource_type="aws_ec2_security_groups",
            resource="sg-09b3c2d1e0f4a5b6c",
            reason="tcp/22 now also from 0.0.0.0/0 (rule sgr-09b3 added)",
            before=rule,
            after=opened,
            before_row_hash="0d9f6a1c-33a5-4c3f-9d55-0d1f6d1c8b01",
            after_row_hash="7b1e4f0a-8a11-4a02-8c8e-5f2f4c1f9c02",
            attribution={
                "confidence": "one",
                "principal": "arn:aws:iam::111122223333:user/mallory",
                "source_ip": "203.0.113.7",
                "user_agent": "aws-cli/2.27.41 os/linux",
                "automation": None,
                "operation": "AuthorizeSecurityGroupIngress",
                "time": "2026-03-16T03:58:11Z",
                "events": 1,
                "event_ids": ["0e3b8d4e-7d0f-4f0c-9d0a-3f7f2f1c9c11"],
                "principals": ["arn:aws:iam::111122223333:user/mallory"],
            },
            attack=("T1578.002", "T1562.007"),
            controls=("nist-800-53-r5:SC-7", "cis-aws-3.0:5.2"),
            remediation="Remove the rule, or approve it with a reason and an owner.",
        ),
        finding(
            Verdict.SUSPICIOUS,
            Severity.CRITICAL,
            "Instance started from a copied snapshot",
            query_id="snapshot_to_instance",
            status=FindingStatus.REOPENED,
            reason="disk vol-77 comes from a snapshot of a production disk; the policy is looser",
            before=None,
            after={
                "image_id": "ami-0aa",
                "volume": "vol-77",
                "public_ip": True,
                "monitoring": None,
            },
        ),
        finding(
            Verdict.LOOSENED,
            Severity.HIGH,
            "Instance metadata service accepts version 1",
            before=hop,
            after=hop | {"http_tokens": "optional", "hop_limit": 2},
            status=FindingStatus.OPEN,
            first_seen=NOW - timedelta(days=9),
            remediation="Set http_tokens to required.",
        ),
        finding(
            Verdict.REPLACED,
            Severity.HIGH,
            "Instance was recreated under the same name",
            scope=FRANKFURT,
            before="i-0aaaa",
            after="i-0bbbb",
        ),
    )


def _hostile() -> tuple[Finding, ...]:
    names = {f"tag {number}": name for number, name in enumerate(HOSTILE)}
    return (
        finding(
            Verdict.CHANGED,
            Severity.MEDIUM,
            f"Name is {SCRIPT} [red]not markup[/red]",
            resource=CONTROL,
            reason=f"named {BIDI}, {CONTROL} and =cmd()",
            before={"name": "web-1", **dict.fromkeys(names), SCRIPT: "1"},
            after={"name": SCRIPT, **names, SCRIPT: 1},
            attribution={"principal": BIDI, SCRIPT: HOSTILE[-1]},
            remediation=SCRIPT,
            attack=(SCRIPT,),
        ),
        finding(
            Verdict.CHANGED,
            Severity.MEDIUM,
            "Boot script differs",
            before={"user_data_sha256": digest("a"), "description": "x" * 10_240},
            after={"user_data_sha256": digest("b"), "description": "y" * 10_240},
            detail_key="user_data",
            status=FindingStatus.OPEN,
        ),
    )


def _rest() -> tuple[Finding, ...]:
    return (
        finding(
            Verdict.NEW,
            Severity.MEDIUM,
            "Instance appeared outside any group",
            after={
                "instance_type": "m7i.large",
                "image_id": "ami-0aa",
                "tags": {},
                "public": False,
            },
        ),
        finding(
            Verdict.UNKNOWN,
            Severity.MEDIUM,
            "Policy uses a condition that cannot be evaluated",
            before={"policy": {"Condition": {"IpAddress": ["10.0.0.0/8"]}}},
            after={"policy": {"Condition": {"Unheard": ["x"]}}},
            status=FindingStatus.WAIVED,
            waiver={
                "owner": "bob@example.com",
                "reason": "vendor condition, reviewed by hand",
                "expires": "2026-06-30",
            },
        ),
        finding(
            Verdict.REMOVED,
            Severity.LOW,
            "Instance is gone",
            before={"instance_type": "t3.micro", "state": "running"},
        ),
        finding(
            Verdict.TIGHTENED,
            Severity.INFO,
            "Termination protection turned on",
            before=False,
            after=True,
        ),
        finding(
            Verdict.LOOSENED,
            Severity.HIGH,
            "Serial console access enabled",
            before=False,
            after=True,
            status=FindingStatus.RESOLVED,
            scope=Scope("aws", PROD, "global"),
        ),
    )
