"""Formats are found by file name, and nothing heavy is loaded to find or render one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import auditor.report
from auditor.config import ReportConfig
from auditor.errors import ReportError
from auditor.report.files import write_reports
from auditor.report.formats import extension, format_names, media_type, render

from .sample import clean_run

HEAVY = {"boto3", "botocore", "pandas", "grpc", "pyarrow", "duckdb"}


def test_names_are_those_of_the_format_modules() -> None:
    names = format_names()
    assert {"html", "json"} <= set(names)
    assert names == sorted(names)
    assert not {"terminal", "formats", "plain", "html_view"} & set(names)


@pytest.mark.parametrize("name", format_names())
def test_format_renders_bytes_and_has_an_extension(name: str) -> None:
    assert render(clean_run(), name)
    assert extension(name).isalnum()
    assert "/" in media_type(name)


def test_every_format_has_a_file_of_its_own(tmp_path: Path) -> None:
    config = ReportConfig(directory=tmp_path, formats=tuple(format_names()))
    files = write_reports(clean_run(), config)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in files}
    assert len(set(files)) == len(format_names())
    for name, path in zip(format_names(), files, strict=True):
        assert path.read_bytes() == render(clean_run(), name)


def test_unknown_format_names_the_nearest() -> None:
    with pytest.raises(ReportError) as caught:
        render(clean_run(), "htlm")
    assert "did you mean html?" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["../model", "terminal", "plain", ""])
def test_module_that_is_not_a_format_is_refused(name: str) -> None:
    with pytest.raises(ReportError):
        extension(name)


def test_size_and_assets() -> None:
    package = Path(auditor.report.__file__).parent
    for path in package.glob("*.py"):
        assert path.read_text().count("\n") <= 300, path.name
    assert "</" not in (package / "html_assets" / "report.js").read_text()


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("formats", {"rich", "jinja2", "orjson"}),
        ("json", {"rich", "jinja2"}),
        ("html", {"rich"}),
        ("terminal", {"jinja2"}),
    ],
)
def test_import_stays_light(module: str, without: set[str]) -> None:
    code = f"import json, sys, auditor.report.{module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not (HEAVY | without) & set(json.loads(done.stdout))
