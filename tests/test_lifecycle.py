"""The life of findings and of acceptances, from snapshot to snapshot through the real path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor import decisions, pipeline
from auditor.collect.catalog import all_tables
from auditor.errors import BaselineError, ConfigError, UsageError
from auditor.model import (
    AuditRun,
    Finding,
    FindingStatus,
    Outcome,
    Scope,
    Severity,
    Status,
    TableSpec,
    Verdict,
)
from auditor.store.database import reading
from tests.harness import HOME, Lab, Rows, fill, of, short

INSTANCES = "aws_ec2_instances"
ATTRIBUTES = "aws_ec2_instance_attributes"
GROUPS = "aws_ec2_security_groups"
RULES = "aws_ec2_security_group_rules"
FIREWALL = (GROUPS, RULES)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, tables=[INSTANCES])


def hops(count: int | None, **columns: object) -> Rows:
    return {INSTANCES: [{"id": "i-1", "metadata_hop_limit": count, **columns}]}


def one(run: AuditRun) -> Finding:
    (finding,) = run.findings
    return finding


def denied(*tables: str, scope: Scope = HOME) -> dict[tuple[str, Scope], Status | None]:
    return {(table, scope): Status.DENIED for table in tables}


def approved(lab: Lab, rows: Rows) -> Lab:
    lab.seal(rows)
    lab.approve()
    return lab


def test_new_open_changed_resolved_reopened(lab: Lab) -> None:
    approved(lab, hops(1))
    first = one(lab.audit(hops(2)))
    assert first.status is FindingStatus.NEW
    assert first.first_seen == first.last_seen
    second = one(lab.audit(hops(2)))
    assert second.status is FindingStatus.OPEN
    assert second.first_seen == first.first_seen
    assert second.last_seen and first.last_seen and second.last_seen > first.last_seen
    assert second.changed_at is None
    third = one(lab.audit(hops(3)))
    assert (third.status, third.after) == (FindingStatus.OPEN, 3)
    assert third.changed_at == third.last_seen
    gone = lab.audit(hops(1))
    assert one(gone).status is FindingStatus.RESOLVED
    assert gone.outcome is Outcome.CLEAN
    assert lab.audit(hops(1)).findings == ()
    again = one(lab.audit(hops(2)))
    assert again.status is FindingStatus.REOPENED
    assert {f.fingerprint for f in (first, second, third, again)} == {first.fingerprint}
    assert again.first_seen == first.first_seen
    assert one(lab.audit(hops(2))).status is FindingStatus.OPEN


def test_a_past_run_reads_as_it_was_reported(lab: Lab) -> None:
    approved(lab, hops(1))
    reported = [lab.audit(hops(count)) for count in (2, 2, 3, 1, 1, 2)]
    for run in reported:
        past = pipeline.past_run(lab.config, str(run.snapshot.id))
        # NOTE: when a finding was last seen is kept for the newest run only.
        assert [replace(f, last_seen=None) for f in past.findings] == [
            replace(f, last_seen=None) for f in run.findings
        ]
        assert past.outcome is run.outcome
        assert past.coverage == run.coverage


def test_comparing_again_changes_nothing(lab: Lab) -> None:
    approved(lab, hops(1))
    for count in (2, 2, 3, 1, 2):
        run = lab.audit(hops(count))
        assert lab.compare().findings == run.findings
        assert lab.compare().findings == run.findings
    with reading(lab.config.store) as con:
        assert con.execute("SELECT count(*) FROM store.finding").fetchall() == [(1,)]
        events = con.execute("SELECT event FROM store.finding_event ORDER BY snapshot").fetchall()
    assert [event for (event,) in events] == ["new", "changed", "resolved", "reopened"]


def test_comparing_again_after_accepting_resolves(lab: Lab) -> None:
    approved(lab, hops(1))
    run = lab.audit(hops(2))
    lab.approve([one(run)])
    again = lab.compare()
    assert one(again).status is FindingStatus.RESOLVED
    assert again.outcome is Outcome.CLEAN
    assert lab.audit(hops(2)).findings == ()


def test_an_older_snapshot_is_shown_and_not_recorded(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.audit(hops(2))
    lab.audit(hops(1))
    shown = lab.compare(snapshot="2")
    assert one(shown).status is FindingStatus.NEW
    assert pipeline.past_run(lab.config).active == ()


def test_changed_and_changed_back_is_no_difference(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.seal(hops(2))
    assert lab.audit(hops(1)).findings == ()


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.COMPLETE])
def test_what_is_not_read_stays_open(lab: Lab, status: Status) -> None:
    approved(lab, {INSTANCES: [*hops(1)[INSTANCES], {"id": "i-2"}]})
    before = lab.audit({INSTANCES: [*hops(2)[INSTANCES], {"id": "i-3"}]})
    assert {short(f) for f in before.active} == {"i-1", "i-2", "i-3"}
    run = lab.audit(coverage={(INSTANCES, HOME): status})
    kept = {f.fingerprint for f in run.active if f.query_id != "coverage_lost"}
    assert kept == {f.fingerprint for f in before.active}
    assert len(of(run, "coverage_lost")) == 1
    after = lab.audit(hops(1))
    assert {short(f) for f in after.active} == {"i-2"}
    assert not of(after, "coverage_lost")


def test_a_scope_that_is_not_even_tried_stays_open(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.audit(hops(2))
    run = lab.audit(coverage={(INSTANCES, HOME): None})
    assert {f.query_id for f in run.active} == {"setting_changed", "coverage_lost"}


def test_rules_that_are_not_read_keep_their_findings_open(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=FIREWALL)
    approved(lab, {GROUPS: [{"id": "sg-1"}]})
    rows = {
        GROUPS: [{"id": "sg-1"}],
        RULES: [{"id": "sgr-1", "group": "sg-1", "rule": "ingress all from ::/0"}],
    }
    first = one(lab.audit(rows))
    run = lab.audit({GROUPS: rows[GROUPS]}, coverage=denied(RULES))
    assert [f.status for f in run.findings if f.fingerprint == first.fingerprint] == ["open"]
    assert one_of(lab.audit(rows), first).status is FindingStatus.OPEN
    assert one_of(lab.audit({GROUPS: rows[GROUPS]}), first).status is FindingStatus.RESOLVED


def one_of(run: AuditRun, like: Finding) -> Finding:
    (found,) = [f for f in run.findings if f.fingerprint == like.fingerprint]
    return found


@pytest.mark.parametrize("region", ["ap-south-1", "*"])
def test_a_region_first_used_stays_open_while_denied(lab: Lab, region: str) -> None:
    approved(lab, {})
    there = Scope(HOME.cloud, HOME.account_id, "ap-south-1")
    used = {INSTANCES: [{"id": "i-1", "region": there.region}]}
    first = one(lab.audit(used))
    assert first.query_id == "region_first_used"
    gap = Scope(HOME.cloud, HOME.account_id, region)
    run = lab.audit(coverage=denied(INSTANCES, scope=gap))
    assert one_of(run, first).status is FindingStatus.OPEN
    assert one_of(lab.audit(scopes=(HOME, there)), first).status is FindingStatus.RESOLVED


def test_a_query_that_is_gone_resolves_its_findings(tmp_path: Path) -> None:
    folder = tmp_path / "queries"
    folder.mkdir()
    path = folder / "any_instance.sql"
    path.write_text(
        '/*\nid = "any_instance"\ntitle = "Any"\ndescription = "Any."\nseverity = "low"\n'
        'verdicts = ["CHANGED"]\ntables = ["instances"]\n*/\n'
        "SELECT s.account_id, s.region, s.resource_id, 'CHANGED' AS verdict, 'here' AS reason, "
        "NULL AS before, s.name AS after FROM snapshot.instances AS s -- all of them\n;"
    )
    lab = Lab(tmp_path, tables=[INSTANCES], queries=[folder])
    approved(lab, hops(1))
    assert one(lab.audit(hops(1))).query_id == "any_instance"
    path.unlink()
    assert one(lab.audit(hops(1))).status is FindingStatus.RESOLVED


def test_an_accepted_finding_is_silent_until_its_content_changes(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.approve([one(lab.audit(hops(2)))])
    run = lab.audit(hops(2))
    assert run.active == () and run.outcome is Outcome.CLEAN
    assert lab.audit(hops(2, name="renamed", private_ip="10.0.0.99")).active == ()
    wider = lab.audit(hops(3, name="renamed"))
    assert [(f.before, f.after) for f in wider.active] == [(1, 3)]
    assert wider.outcome is Outcome.DRIFT
    assert lab.audit(hops(2)).active == ()
    assert lab.audit(hops(1)).active == ()


def test_accepting_one_finding_accepts_no_other(lab: Lab) -> None:
    rows = {INSTANCES: [{"id": i, "metadata_hop_limit": 1} for i in ("i-1", "i-2")]}
    approved(lab, rows)
    wide = {INSTANCES: [{"id": i, "metadata_hop_limit": 2} for i in ("i-1", "i-2")]}
    run = lab.audit(wide)
    lab.approve([f for f in run.active if short(f) == "i-1"])
    assert [short(f) for f in lab.audit(wide).active] == ["i-2"]


def test_an_accepted_new_instance_is_compared_from_then_on(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=[INSTANCES, ATTRIBUTES])
    approved(lab, {INSTANCES: [{"id": "i-9"}], ATTRIBUTES: [{"id": "i-9"}]})

    def rows(tokens: str, protected: bool) -> Rows:
        return {
            INSTANCES: [{"id": "i-9"}, {"id": "i-1", "metadata_http_tokens": tokens}],
            ATTRIBUTES: [{"id": "i-9"}, {"id": "i-1", "disable_api_termination": protected}],
        }

    lab.approve([one(lab.audit(rows("required", protected=True)))])
    assert lab.audit(rows("required", protected=True)).active == ()
    looser = lab.audit(rows("optional", protected=False))
    assert sorted((str(f.detail_key), f.verdict) for f in looser.active) == [
        ("aws_instance_http_tokens", Verdict.LOOSENED),
        ("aws_instance_termination_protection", Verdict.LOOSENED),
    ]
    gone = lab.audit({INSTANCES: [{"id": "i-9"}], ATTRIBUTES: [{"id": "i-9"}]})
    assert [(short(f), f.verdict) for f in gone.active] == [("i-1", Verdict.REMOVED)]


def test_an_accepted_new_group_brings_its_rules(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=FIREWALL)
    approved(lab, {})
    tight = {"id": "sgr-1", "group": "sg-1", "rule": "ingress tcp/22 from 10.0.0.0/8"}
    wide = {"id": "sgr-2", "group": "sg-1", "rule": "ingress tcp/22 from 0.0.0.0/0"}
    lab.approve([one(lab.audit({GROUPS: [{"id": "sg-1"}], RULES: [tight]}))])
    assert lab.audit({GROUPS: [{"id": "sg-1"}], RULES: [tight]}).active == ()
    again = {**tight, "id": "sgr-3"}
    assert lab.audit({GROUPS: [{"id": "sg-1"}], RULES: [again]}).active == ()
    (finding,) = lab.audit({GROUPS: [{"id": "sg-1"}], RULES: [again, wide]}).active
    assert (finding.verdict, finding.detail_key) == (Verdict.LOOSENED, "ingress")


def test_an_accepted_removal_is_silent_and_its_return_is_new(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.approve([one(lab.audit({}))])
    assert lab.audit({}).active == ()
    back = [f for f in lab.audit(hops(1)).active if f.query_id == "new_instance"]
    assert [f.verdict for f in back] == [Verdict.NEW]


def test_an_accepted_termination_is_silent_while_listed_and_after(lab: Lab) -> None:
    approved(lab, hops(1, state="running"))
    lab.approve([one(lab.audit(hops(1, state="terminated")))])
    assert lab.audit(hops(1, state="terminated")).active == ()
    assert lab.audit({}).active == ()


def test_an_accepted_replacement_is_the_baseline_now(lab: Lab) -> None:
    approved(lab, hops(1, incarnation_id="one"))
    lab.approve([one(lab.audit(hops(2, incarnation_id="two")))])
    assert lab.audit(hops(2, incarnation_id="two")).active == ()
    (wider,) = lab.audit(hops(3, incarnation_id="two")).active
    assert (wider.verdict, wider.before, wider.after) == (Verdict.LOOSENED, 2, 3)


def test_accepting_lost_coverage_takes_the_scope_out_of_the_baseline(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.audit(hops(2))
    run = lab.audit(coverage=denied(INSTANCES))
    assert run.outcome is Outcome.DRIFT  # NOTE: the loosened setting is still open.
    lab.approve(of(run, "coverage_lost"))
    run = lab.audit(coverage=denied(INSTANCES))
    assert not of(run, "coverage_lost")
    back = lab.audit(hops(5))
    assert back.active == () and back.outcome is Outcome.UNAPPROVED
    assert back.exit_code == 4


def test_approving_an_incomplete_snapshot_leaves_the_rest_unapproved(lab: Lab) -> None:
    other = Scope("aws", HOME.account_id, "us-east-1")
    rows: Rows = {INSTANCES: [{"id": "i-1"}, {"id": "i-2", "region": other.region}]}
    lab.seal({INSTANCES: [{"id": "i-1"}]}, coverage=denied(INSTANCES, scope=other))
    result = lab.approve()
    assert [c.scope for c in result.uncovered] == [other]
    again = lab.audit({INSTANCES: [{"id": "i-1"}]}, coverage=denied(INSTANCES, scope=other))
    assert again.outcome is Outcome.INCOMPLETE and again.exit_code == 4
    whole = lab.audit(rows)
    assert [c.scope for c in whole.unapproved] == [other]
    assert [f.query_id for f in whole.active] == ["region_first_used"]
    lab.approve()
    assert lab.audit(rows).outcome is Outcome.CLEAN


def test_an_unapproved_empty_region_is_neither_clean_nor_drift(lab: Lab) -> None:
    approved(lab, hops(1))
    run = lab.audit(hops(1), scopes=(HOME, Scope("aws", HOME.account_id, "us-east-1")))
    assert (run.outcome, run.exit_code) == (Outcome.UNAPPROVED, 4)


def test_approving_again_keeps_what_could_not_be_read(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.seal(coverage=denied(INSTANCES))
    with pytest.raises(BaselineError, match="no completely read scope"):
        lab.approve()
    lab.audit(scopes=(Scope("aws", HOME.account_id, "us-east-1"),), coverage=denied(INSTANCES))
    lab.approve()
    (finding,) = lab.audit(
        hops(2), scopes=(HOME, Scope("aws", HOME.account_id, "us-east-1"))
    ).active
    assert (finding.before, finding.after) == (1, 2)


def test_a_first_run_has_nothing_to_compare_with(lab: Lab) -> None:
    run = lab.audit(hops(1))
    assert (run.outcome, run.exit_code, run.findings) == (Outcome.UNAPPROVED, 4, ())


def crowd(count: int) -> Rows:
    return {INSTANCES: [{"id": f"i-{n}"} for n in range(count)]}


def test_a_sudden_loss_is_believed_at_the_second_reading(lab: Lab) -> None:
    approved(lab, crowd(30))
    first = lab.audit(crowd(5))
    assert [c.status for c in first.coverage] == [Status.TRUNCATED]
    assert {f.query_id for f in first.active} == {"coverage_lost"}
    second = lab.audit(crowd(5))
    assert [c.status for c in second.coverage] == [Status.COMPLETE]
    assert len(of(second, "removed_instance")) == 25
    assert not of(second, "coverage_lost")


def test_a_loss_that_was_none_leaves_no_trace(lab: Lab) -> None:
    approved(lab, crowd(30))
    lab.audit(crowd(0))
    assert lab.audit(crowd(30)).active == ()
    assert [c.status for c in lab.audit(crowd(5)).coverage] == [Status.TRUNCATED]


def test_a_denied_reading_in_between_confirms_nothing(lab: Lab) -> None:
    approved(lab, crowd(30))
    lab.audit(crowd(5))
    lab.audit(coverage=denied(INSTANCES))
    assert [c.status for c in lab.audit(crowd(5)).coverage] == [Status.TRUNCATED]


@pytest.mark.parametrize(("had", "left"), [(9, 0), (30, 15), (30, 21)])
def test_small_losses_are_believed(lab: Lab, had: int, left: int) -> None:
    approved(lab, crowd(had))
    run = lab.audit(crowd(left))
    assert len(of(run, "removed_instance")) == had - left


def without(column: str) -> list[TableSpec]:
    (spec,) = [t.spec() for t in all_tables() if t.name == INSTANCES]
    return [replace(spec, columns=tuple(c for c in spec.columns if c.name != column))]


def tokens(value: str | None) -> Rows:
    columns = {} if value is None else {"metadata_http_tokens": value}
    return {INSTANCES: [{"id": "i-1", **columns}]}


def test_a_column_added_later_is_no_drift(lab: Lab) -> None:
    older = without("metadata_http_tokens")
    lab.seal(tokens(None), specs=older)
    lab.approve()
    assert lab.audit(tokens("required")).findings == ()
    assert lab.audit(tokens("optional")).findings == ()
    lab.approve()
    assert one(lab.audit(tokens("required"))).verdict is Verdict.TIGHTENED


def test_a_column_added_later_without_a_value_counts_once_approved(lab: Lab) -> None:
    older = without("metadata_http_tokens")
    lab.seal(tokens(None), specs=older)
    lab.approve()
    assert lab.audit(tokens(None)).findings == ()
    lab.approve()
    assert one(lab.audit(tokens("required"))).verdict is Verdict.TIGHTENED


def test_a_table_added_later_is_unapproved(tmp_path: Path) -> None:
    lab = approved(Lab(tmp_path, tables=[INSTANCES]), hops(1))
    later = Lab(tmp_path, tables=[INSTANCES, GROUPS], clock=lab.clock)
    run = later.audit({**hops(1), GROUPS: [{"id": "sg-1"}]})
    assert (run.findings, run.outcome) == ((), Outcome.UNAPPROVED)


def test_a_misspelled_severity_is_refused(tmp_path: Path) -> None:
    lab = Lab(tmp_path, severity={"aws_instance_http_token": Severity.LOW})
    lab.seal()
    with pytest.raises(ConfigError, match="did you mean aws_instance_http_tokens"):
        lab.compare()


def test_the_harness_fills_in_what_every_row_has() -> None:
    row = fill(RULES, {"id": "sgr-1", "group": "sg-1", "rule": "egress all to ::/0"})
    assert row["group_arn"].endswith(":security-group/sg-1")
    assert (row["is_egress"], row["peer"], row["rule_id"]) == (True, "::/0", "sgr-1")


def test_the_newest_run_is_shown_while_a_newer_snapshot_waits_for_its_comparison(lab: Lab) -> None:
    """A reader may come between sealing and comparing; it gets the run before, and is told."""
    approved(lab, hops(1))
    lab.audit(hops(2))
    lab.seal(hops(3))
    shown = pipeline.past_run(lab.config)
    assert (shown.snapshot.id, one(shown).after) == (2, 2)
    assert shown.problems == ("snapshot 3 is newer, but was not compared with a baseline yet",)
    assert shown.next_steps[0] == "audit diff --snapshot 3"
    with pytest.raises(UsageError, match="never compared"):
        decisions.prepare(lab.config, findings=())
    assert lab.compare().problems == ()
