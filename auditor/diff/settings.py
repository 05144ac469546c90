"""The setting catalogue: which change of which column is loosened, how bad, and why.

Data, not code: `queries/settings/<cloud>.toml`. One generic query evaluates all of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from auditor.errors import CatalogueError
from auditor.model import Severity
from auditor.shipped import file_version, shipped

Comparator = Literal["ENUM", "BOOL", "NUM", "SET", "PRESENCE", "HASH", "REF"]

_LOOSE = {
    "BOOL": ("true", "false"),
    "NUM": ("higher", "lower"),
    "SET": ("grow", "shrink"),
    "PRESENCE": ("present", "absent"),
}


class Setting(BaseModel):
    """One entry of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    table: str
    column: str
    title: str
    comparator: Comparator
    order: list[str] = []
    """ENUM: values from tight to loose."""
    absent: str | None = None
    """What a missing value means by the provider's documentation; else its change is UNKNOWN."""
    loose: str | None = None
    """BOOL, NUM, SET, PRESENCE: the looser direction."""
    verdict: Literal["LOOSENED", "SUSPICIOUS"] = "LOOSENED"
    severity: Severity
    weighted: bool = True
    """Whether circumstances raise or lower the severity; one of the configuration stands."""
    reason: str
    remediation: str = ""
    attack: list[str] = []
    controls: list[str] = []
    source: str

    @model_validator(mode="after")
    def _consistent(self) -> Setting:
        if (self.comparator == "ENUM") != bool(self.order):
            raise ValueError("ENUM needs order, and only ENUM has it")
        allowed = _LOOSE.get(self.comparator)
        if allowed and self.loose not in allowed:
            raise ValueError(f"loose must be one of {', '.join(allowed)}")
        if not allowed and self.loose is not None:
            raise ValueError(f"{self.comparator} has no loose direction")
        return self


def load_settings(severity: Mapping[str, Severity] | None = None) -> list[Setting]:
    """Return all entries, sorted by id, with severities of the configuration applied."""
    found: dict[str, Setting] = {}
    for path in sorted((shipped("queries") / "settings").glob("*.toml")):
        for setting in read_settings(path):
            if setting.id in found:
                raise CatalogueError(f"setting {setting.id!r} stands twice", where=str(path))
            found[setting.id] = setting
    override = severity or {}
    return [
        s.model_copy(update={"severity": override[s.id], "weighted": False})
        if s.id in override
        else s
        for _, s in sorted(found.items())
    ]


def read_settings(path: Path) -> list[Setting]:
    """Return the entries of one file; raises `CatalogueError` with the entry that is wrong."""
    try:
        return list(_read_settings(path, file_version(path)))
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise CatalogueError("the catalogue cannot be read", where=str(path)) from exc


@lru_cache(maxsize=32)
def _read_settings(path: Path, _version: tuple[int, int]) -> tuple[Setting, ...]:
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("setting", [])
    settings = []
    for number, entry in enumerate(entries, start=1):
        try:
            settings.append(Setting.model_validate(entry))
        except ValidationError as exc:
            first = exc.errors(include_input=False, include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            label = entry.get("id", f"entry {number}")
            raise CatalogueError(f"{label}: {key} - {first['msg']}", where=str(path)) from None
    return tuple(settings)
