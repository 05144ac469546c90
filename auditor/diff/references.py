"""Which techniques and controls the drift queries and settings name, and which of them name one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.diff.settings import Setting
from auditor.model import Query


@dataclass(frozen=True, slots=True)
class References:
    """What queries and settings refer to."""

    queries: Mapping[str, list[str]]
    """Technique -> ids of the drift queries that name it."""
    settings: Mapping[str, list[str]]
    """Technique -> ids of the settings that name it."""
    controls: frozenset[str]

    @property
    def techniques(self) -> list[str]:
        """All that are named, sorted."""
        return sorted({*self.queries, *self.settings})


def references(queries: Iterable[Query], settings: Iterable[Setting]) -> References:
    """Return what these queries and settings name."""
    queries, settings = list(queries), list(settings)
    controls = {c for query in queries for c in query.controls}
    controls |= {c for setting in settings for c in setting.controls}
    return References(_by_technique(queries), _by_technique(settings), frozenset(controls))


def _by_technique(entries: Iterable[Query] | Iterable[Setting]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        for technique in entry.attack:
            found[technique].append(entry.id)
    return dict(found)
