"""Write the report files of a run: whole or not at all, readable by their owner only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from auditor.config import ReportConfig
from auditor.errors import ConfigError, ReportError
from auditor.model import AuditRun
from auditor.report.formats import extension, format_names, render

_NAMES = {
    "json": "findings",
    "html": "report",
    "csv": "findings",
    "markdown": "summary",
    "sarif": "findings",
}


def check_formats(names: Iterable[str]) -> None:
    """Raise `ConfigError` for a format that does not exist, before anything is collected."""
    known = format_names()
    for name in names:
        if name not in known:
            raise ConfigError(
                f"there is no report format {name!r}", hint=f"formats: {', '.join(known)}"
            )


def write_reports(run: AuditRun, config: ReportConfig) -> list[Path]:
    """Write a run in each configured format and return the files."""
    files = []
    for name in config.formats:
        path = config.directory / f"{_NAMES.get(name, name)}.{extension(name)}"
        write_file(path, render(run, name))
        files.append(path)
    return files


def write_file(path: Path, content: bytes) -> None:
    """Replace a file in one step; raises `ReportError` with the path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError as exc:
        raise ReportError(
            f"the report cannot be written: {exc.strerror}",
            where=str(path),
            hint="the run is recorded; write it elsewhere with: audit report --output FILE",
        ) from exc
