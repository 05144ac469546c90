"""The maps of ATT&CK and of control frameworks, and what is listed from them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.diff.queries import load_queries, read_query
from auditor.diff.settings import load_settings
from auditor.errors import QueryHeaderError, UsageError
from auditor.frameworks import answered, load_attack, load_controls

RUNNER = CliRunner()


def test_both_ids_of_a_renumbered_technique_are_shown() -> None:
    assert load_attack().label("T1686.001") == (
        "T1686.001 Disable or Modify System Firewall: Cloud Firewall (T1562.007 until version 18)"
    )
    assert load_attack().label("T9999") == "T9999"


def test_the_map_of_techniques_is_closed() -> None:
    attack = load_attack()
    for id, technique in attack.techniques.items():
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", id)
        assert set(technique.components) <= set(attack.data_components)
        assert not set(technique.was) & set(attack.techniques)
        assert (technique.detection is None) == (technique.analytic is None)
    for source in attack.data_sources.values():
        assert set(source.now) <= set(attack.data_components)
    assert attack.techniques["T1578.002"].detection == "DET0449"
    assert "DC0086" in attack.data_sources["DS0030"].now


def test_every_technique_of_the_map_is_watched() -> None:
    watched = {t for q in load_queries() for t in q.attack}
    watched |= {t for s in load_settings() for t in s.attack}
    assert watched == set(load_attack().techniques)


def test_a_query_that_names_a_retired_technique_is_told_its_successor(tmp_path: Path) -> None:
    path = tmp_path / "own.sql"
    path.write_text(
        '/*\nid = "own"\ntitle = "Own"\ndescription = "Own."\nseverity = "low"\n'
        'verdicts = ["NEW"]\ntables = ["aws_ec2_instances"]\nattack = ["T1562.007"]\n*/\nSELECT 1'
    )
    with pytest.raises(QueryHeaderError, match=r"has no T1562.007; it is T1686.001 now"):
        read_query(path)


def test_controls_are_answered_through_those_of_nist() -> None:
    frameworks = load_controls()
    nist = frameworks["nist-800-53-r5"].controls
    for framework in frameworks.values():
        for control in framework.controls.values():
            assert control.answers and set(control.through) <= set(nist)
    found = answered(["nist-800-53-r5:CM-8(3)", "cis-aws-7.0.0:6.5"])
    assert found["csa-ccm-4"] == ["CCC-07"]
    assert found["soc2-2017"] == ["CC6.8", "CC7.1"]
    assert found["cis-aws-7.0.0"] == ["6.5"]
    assert "pci-dss-4.0" not in found
    assert answered([]) == {}


def test_techniques_are_listed() -> None:
    result = RUNNER.invoke(app, ["list", "attack", "--json"])
    rows = {row["technique"]: row for row in json.loads(result.stdout)}
    assert rows["T1578.002"]["queries"] > 3
    assert rows["T1685.002"]["was"] == ["T1562.008"]


def test_controls_of_one_framework_are_listed() -> None:
    result = RUNNER.invoke(app, ["list", "controls", "--framework", "pci-dss", "--json"])
    rows = {row["control"]: row for row in json.loads(result.stdout)}
    assert "findings" in rows["pci-dss-4.0:11.5.2"]["answered_by"]
    assert all(name.startswith("pci-dss-4.0:") for name in rows)


def test_an_unknown_framework_names_those_there_are() -> None:
    result = RUNNER.invoke(app, ["list", "controls", "--framework", "sox"])
    assert isinstance(result.exception, UsageError)
    assert "soc2-2017" in (result.exception.hint or "")
