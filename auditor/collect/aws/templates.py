"""Which launch templates, in which version, an Auto Scaling group launches from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Pin(NamedTuple):
    """A launch template as a group refers to it."""

    template_id: str | None
    template_name: str | None
    version: str
    """A number, `$Default` or `$Latest`."""

    def __str__(self) -> str:
        return f"{self.template_id or self.template_name} {self.version}"


def pin_of(spec: Mapping[str, Any] | None) -> Pin | None:
    """Return what a specification refers to; without a version, the default one is meant."""
    if not spec:
        return None
    template_id, name = spec.get("LaunchTemplateId"), spec.get("LaunchTemplateName")
    return Pin(template_id, name, str(spec.get("Version") or "$Default"))


def main_template(group: Mapping[str, Any]) -> Pin | None:
    """Return the template of a group, or of its mixed instances policy."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return pin_of(group.get("LaunchTemplate")) or pin_of(mixed.get("LaunchTemplateSpecification"))


def overrides(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the overrides of a mixed instances policy."""
    mixed = (group.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    return mixed.get("Overrides") or []


def pins(group: Mapping[str, Any]) -> Iterator[Pin]:
    """Yield every template that a group refers to."""
    found = [pin_of(item.get("LaunchTemplateSpecification")) for item in overrides(group)]
    yield from (pin for pin in (main_template(group), *found) if pin is not None)


def numbered(groups: Iterable[Mapping[str, Any]]) -> list[Pin]:
    """Return the templates that groups refer to by a number, each once."""
    return sorted(
        {pin for group in groups for pin in pins(group) if pin.version.isdigit()}, key=str
    )
