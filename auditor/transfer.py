"""Baselines as files, out of a store and into one."""

from __future__ import annotations

from pathlib import Path

from auditor.baseline.adopt import adopt, take_log
from auditor.baseline.exported import export
from auditor.baseline.reading import Export, read_export
from auditor.baseline.standing import Standing, standing
from auditor.baseline.versions import content_of
from auditor.config import Config
from auditor.errors import UsageError
from auditor.model import Baseline
from auditor.pipeline import Clock, now
from auditor.store.database import reading, run_lock, writing


def export_baseline(
    config: Config, *, name: str | None = None, output: Path | None = None
) -> tuple[Baseline, Path]:
    """Write the version in force as files; by default to `baselines/<name>`."""
    with (
        run_lock(config.store, patient=True),
        reading(config.store) as con,
    ):
        baseline = standing(con, config.baseline, name).baseline
        if baseline is None:
            raise UsageError(
                f"no version of baseline {name or config.baseline.name} is in force",
                hint='approve one first: audit baseline approve --reason "..."',
            )
        target = output or config.baseline.directory / baseline.name
        content = content_of(con, baseline)
        return baseline, export(con, config.baseline, baseline, content, target)


def import_baseline(config: Config, path: Path, *, clock: Clock = now) -> Standing:
    """Take an exported baseline and its approval log into the store; return how it stands now."""
    found = read_export(path, config.baseline)
    _adopt(config, found, clock)
    take_log(config.baseline, found)
    with reading(config.store) as con:
        return standing(con, config.baseline, found.baseline.name)


def against(config: Config, path: Path, *, clock: Clock = now) -> Config:
    """Return the configuration of a run that compares with an exported baseline.

    Its rows are taken into the store; its approval log and signatures are read where they are.
    """
    found = read_export(path, config.baseline)
    _adopt(config, found, clock)
    changes = {"name": found.baseline.name, "approvals": found.log.absolute()}
    return config.model_copy(update={"baseline": config.baseline.model_copy(update=changes)})


def _adopt(config: Config, found: Export, clock: Clock) -> None:
    from auditor.collect.clouds import specs

    at = clock()
    scratch = config.store.path.with_name(f".stage-{config.store.path.name}-baseline")
    with (
        run_lock(config.store, patient=True),
        writing(config.store, now=at) as con,
    ):
        adopt(con, found, specs(), scratch=scratch, at=at)
