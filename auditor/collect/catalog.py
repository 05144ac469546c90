"""Finds the tables: one file each under `collect/<cloud>/tables/`, named by the file."""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache

from auditor.collect.table import ResourceTable
from auditor.errors import ConfigError

CLOUDS = ("aws", "azure", "gcp")
"""Clouds that have tables."""


@cache
def all_tables() -> tuple[ResourceTable, ...]:
    """Return every table of every cloud, sorted by name. Loads no cloud SDK."""
    found: list[ResourceTable] = []
    for cloud in CLOUDS:
        package = importlib.import_module(f"auditor.collect.{cloud}.tables")
        for module in pkgutil.iter_modules(package.__path__):
            table = importlib.import_module(f"{package.__name__}.{module.name}").TABLE
            table.name = f"{cloud}_{module.name}"
            table.cloud = cloud
            found.append(table)
    return tuple(sorted(found, key=lambda table: table.name))


def select_tables(
    tables: Sequence[ResourceTable], include: Iterable[str], skip: Iterable[str]
) -> tuple[list[ResourceTable], list[ResourceTable]]:
    """Split tables into those to read and those left out, by globs.

    Raises `ConfigError` for a glob that matches nothing, with the nearest table name.
    """
    include, skip = list(include), list(skip)
    names = [table.name for table in tables]
    for key, globs in (("tables", include), ("skip_tables", skip)):
        for glob in globs:
            if not fnmatch.filter(names, glob):
                near = difflib.get_close_matches(glob, names, n=1)
                raise ConfigError(
                    f"run.{key} - no table matches {glob!r}"
                    + (f"; did you mean {near[0]}?" if near else ""),
                    hint="see: audit list tables",
                )

    def wanted(name: str) -> bool:
        return _matches(name, include) and not _matches(name, skip)

    return (
        [table for table in tables if wanted(table.name)],
        [table for table in tables if not wanted(table.name)],
    )


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(name, glob) for glob in globs)
