"""The maps of `queries/attack.toml` and `queries/controls.toml`: what findings mean to others."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from auditor.errors import CatalogueError
from auditor.shipped import shipped

Record = Literal["approvals", "baseline", "coverage", "findings", "inventory", "runs"]
T = TypeVar("T")
_CROSSWALK = "nist-800-53-r5"
"""The framework whose controls the others are answered through."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str


class Technique(_Entry):
    """A technique of MITRE ATT&CK."""

    was: Mapping[str, str] = {}
    """Ids that it took the place of -> the last version of ATT&CK that had them."""
    detection: str | None = None
    analytic: str | None = None
    components: tuple[str, ...] = ()


class DataSource(_Entry):
    """A data source of ATT&CK that data components took the place of."""

    deprecated_in: str
    now: tuple[str, ...]


class Attack(BaseModel):
    """The part of MITRE ATT&CK that drift queries and settings refer to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    source: str
    data_sources: Mapping[str, DataSource]
    data_components: Mapping[str, str]
    techniques: Mapping[str, Technique]

    def successor(self, technique: str) -> str | None:
        """Return the id that took the place of a retired one."""
        return next((new for new, found in self.techniques.items() if technique in found.was), None)

    def label(self, technique: str) -> str:
        """Return a technique's id and title, and the ids it had before; unknown ones as they are.

        Both ids, since rules and reports elsewhere still use the old ones.
        """
        found = self.techniques.get(technique)
        if found is None:
            return technique
        before = ", ".join(f"{old} until version {last}" for old, last in found.was.items())
        return f"{technique} {found.title}" + (f" ({before})" if before else "")


class Control(_Entry):
    """A control, in our own words."""

    answers: tuple[Record, ...]
    through: tuple[str, ...] = ()
    """Controls of NIST SP 800-53 whose findings answer it."""


class Framework(_Entry):
    """A framework or benchmark; one without controls has those that queries and settings name."""

    version: str
    controls: Mapping[str, Control] = {}


@lru_cache
def load_attack() -> Attack:
    """Return the shipped map of ATT&CK; raises `CatalogueError`."""
    return _valid(TypeAdapter(Attack), "attack.toml")


@lru_cache
def load_controls() -> Mapping[str, Framework]:
    """Return the frameworks by the name that controls begin with; raises `CatalogueError`."""
    return _valid(TypeAdapter(dict[str, Framework]), "controls.toml")


def answered(controls: Iterable[str]) -> dict[str, list[str]]:
    """Return which controls of each framework findings with these controls answer.

    `controls` are written as in drift queries, `framework:control`. Frameworks and their controls
    are sorted; one that has no such control is left out.
    """
    found: dict[str, set[str]] = {}
    for reference in controls:
        name, _, control = reference.partition(":")
        found.setdefault(name, set()).add(control)
    nist = frozenset(found.get(_CROSSWALK, ()))
    for name, framework in load_controls().items():
        for control, entry in framework.controls.items():
            if not nist.isdisjoint(entry.through):
                found.setdefault(name, set()).add(control)
    return {name: sorted(found[name]) for name in sorted(found)}


def _valid(kind: TypeAdapter[T], name: str) -> T:
    path = shipped("queries") / name
    try:
        return kind.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as exc:
        raise CatalogueError(f"the map cannot be read: {exc}", where=str(path)) from None
