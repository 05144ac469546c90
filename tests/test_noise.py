"""What fires most is named with how it ended; `--since` leaves out what happened before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.inquiry import fired_most, happened_since
from auditor.model import FindingStatus
from tests.harness import Lab
from tests.test_lifecycle import INSTANCES, approved, hops, one

RUNNER = CliRunner()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path, tables=[INSTANCES])


def test_each_way_to_end_is_counted(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.audit(hops(2))
    lab.audit(hops(1))
    lab.audit(hops(1))
    lab.audit(hops(2))
    run = lab.audit(hops(2))
    (found,) = fired_most(lab.config)[1]
    assert found.query_id.startswith("setting_changed:")
    assert (found.fired, found.findings, found.resources, found.came_back) == (2, 1, 1, 1)
    assert (found.ended_at_once, found.accepted, found.open) == (1, 0, 1)
    assert found.example == one(run).reason
    lab.approve(run.active)
    lab.audit(hops(2))
    (found,) = fired_most(lab.config)[1]
    assert (found.ended_at_once, found.accepted, found.open) == (1, 1, 0)


def test_since_leaves_out_what_fired_before(lab: Lab) -> None:
    approved(lab, hops(1))
    lab.audit(hops(2))
    still = lab.audit(hops(2))
    number = str(still.snapshot.id - 1)
    assert fired_most(lab.config, number) == (still.snapshot.id, [])
    assert happened_since(lab.config, number, still.findings) == []
    changed = lab.audit(hops(3))
    assert happened_since(lab.config, number, changed.findings) == list(changed.findings)
    ended = lab.audit(hops(1))
    (gone,) = happened_since(lab.config, str(changed.snapshot.id), ended.findings)
    assert gone.status is FindingStatus.RESOLVED


def test_the_commands_say_when_there_is_nothing(lab: Lab, tmp_path: Path) -> None:
    approved(lab, hops(1))
    path = tmp_path / "audit.toml"
    path.write_text(f'[store]\npath = "{lab.config.store.path}"\n[aws]\nenabled = true\n')
    result = RUNNER.invoke(app, ["list", "noise", "--config", str(path)])
    assert "Nothing has fired since snapshot 1." in result.stdout
    result = RUNNER.invoke(app, ["list", "noise", "--json", "--config", str(path)])
    assert json.loads(result.stdout) == []
