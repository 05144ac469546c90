"""The baseline that ships as an example is the demo's, verifies, and comes out the same again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from auditor import transfer
from auditor.baseline.reading import read_export
from auditor.demonstration import write_baseline
from auditor.shipped import shipped
from tests.harness import Lab

SHIPPED = shipped("baselines") / "demo"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_it_comes_out_the_same_again(tmp_path: Path) -> None:
    """After a change of the demo's estate or of tables, `make golden` writes it anew."""
    if os.environ.get("AUDITOR_GOLDEN"):
        write_baseline(SHIPPED)
    write_baseline(tmp_path / "again")
    old, new = contents(SHIPPED), contents(tmp_path / "again")
    assert [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)] == []


def test_it_names_no_machine() -> None:
    said = b"\n".join(contents(SHIPPED).values()).decode()
    assert not re.search(r"127\.0\.0\.1|localhost|\"/(tmp|root|work|Users)/", said)


def test_it_verifies_and_is_in_force_where_it_is_imported(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    found = read_export(SHIPPED, lab.config.baseline)
    assert {cloud.partition("_")[0] for cloud in found.rows} == {"aws", "azure", "gcp"}
    stands = transfer.import_baseline(lab.config, SHIPPED, clock=lab.clock)
    assert stands.baseline is not None and stands.waiting == ()
    said = (stands.baseline.name, stands.baseline.version, stands.baseline.approved_by)
    assert said == ("demo", 1, "alice")
    config = transfer.against(lab.config, SHIPPED, clock=lab.clock)
    assert config.baseline.name == "demo"
    stored = lab.config.baseline.model_copy(update={"name": "demo"})
    lab.config = lab.config.model_copy(update={"baseline": stored})
    transfer.export_baseline(lab.config, output=tmp_path / "again")
    assert contents(tmp_path / "again") == contents(SHIPPED)
