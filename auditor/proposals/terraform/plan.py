"""A Terraform plan: what each resource was and will be, and what is known only after apply.

Computed attributes that nobody configures are unknown, too, while a resource is created; so what
is unknown matters only where the configuration, which a plan carries, sets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.proposals.model import Document, leaves, objects, text_of, unusable

_INDEX = re.compile(r"\[[^\]]*\]")

_IGNORED = [{"no-op"}, {"read"}, {"forget"}]


@dataclass(frozen=True, slots=True)
class Change:
    """A resource that a plan creates, updates, deletes or replaces."""

    address: str
    module: str
    type: str
    name: str
    index: Any
    actions: frozenset[str]
    before: Mapping[str, Any]
    """Empty where it is created."""
    after: Mapping[str, Any]
    """Empty where it is deleted."""
    unknown: Mapping[str, Any]
    where: str
    configured: Mapping[str, Any] | None
    """Expressions by attribute; None where the plan has no configuration of it."""

    @property
    def is_new(self) -> bool:
        """Whether nothing was there before."""
        return not self.before

    @property
    def is_gone(self) -> bool:
        """Whether nothing takes its place."""
        return not self.after

    @property
    def identity(self) -> str:
        """Its id; the address of what has none yet. What is replaced keeps its id here."""
        return str(self.before.get("id") or self.address)

    def known(self, attribute: str) -> Any:
        """Return what an attribute will be, else what it was."""
        return (self.after or self.before).get(attribute)

    def is_unknown(self, attribute: str) -> bool:
        """Say whether what somebody configured is known only after apply."""
        if True not in leaves(self.unknown.get(attribute)):
            return False
        return self.configured is None or attribute in self.configured

    def differs(self, attribute: str) -> bool:
        """Say whether an attribute will be another, as far as that is known."""
        known = self.before.get(attribute) != self.after.get(attribute)
        return known or self.is_unknown(attribute)


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes of a plan, in its order."""

    changes: tuple[Change, ...]

    def target(self, change: Change, attribute: str) -> Change | None:
        """Return the one resource whose id an unknown attribute will be, by its expression."""
        expression = (change.configured or {}).get(attribute)
        named = expression.get("references") if isinstance(expression, Mapping) else None
        names = {_INDEX.sub("", str(name)) for name in named or ()}
        found = [
            other
            for other in self.changes
            if other.module == change.module and f"{other.type}.{other.name}" in names
        ]
        if len(found) > 1:
            found = [other for other in found if other.index == change.index]
        return found[0] if len(found) == 1 else None


def read_plan(document: Mapping[str, Any], where: str) -> Plan:
    """Return the changes of a plan; raises `UsageError` for what is none."""
    version = str(document.get("format_version"))
    if version.partition(".")[0] not in ("0", "1"):
        raise unusable(
            where,
            f"plans of format {version} are not known",
            "a newer version of this program may read it",
        )
    configured = _configured(document.get("configuration"))
    if "resource_changes" in document:
        found = objects(document["resource_changes"], f"{where}resource_changes")
    else:
        found = _planned(document.get("planned_values"))
    return Plan(
        tuple(
            change
            for number, item in enumerate(found)
            if item.get("mode", "managed") == "managed"
            and (change := _change(item, f"{where}resource_changes[{number}]", configured))
        )
    )


def _change(
    item: Mapping[str, Any], where: str, configured: Mapping[str, Mapping[str, Any]]
) -> Change | None:
    address = text_of(item, "address", where)
    place = f"{where} ({address})"
    change = item.get("change")
    if not isinstance(change, Mapping):
        raise unusable(place, "change is missing", "write it with: terraform show -json PLAN")
    actions = frozenset(map(str, change.get("actions") or ()))
    if not actions or actions in _IGNORED:
        return None
    sides = {}
    for key in ("before", "after", "after_unknown"):
        value = change.get(key) or {}
        if not isinstance(value, Mapping):
            raise unusable(place, f"change.{key} must be an object")
        sides[key] = value
    return Change(
        address=address,
        module=str(item.get("module_address") or ""),
        type=text_of(item, "type", place),
        name=text_of(item, "name", place),
        index=item.get("index"),
        actions=actions,
        before=sides["before"],
        after=sides["after"],
        unknown=sides["after_unknown"],
        where=place,
        configured=configured.get(_INDEX.sub("", address)),
    )


def _configured(configuration: Document) -> dict[str, Mapping[str, Any]]:
    """Return the expressions of each resource of all modules, by its address without indexes."""
    found: dict[str, Mapping[str, Any]] = {}
    root = configuration.get("root_module") if isinstance(configuration, Mapping) else None
    waiting = [("", root)] if isinstance(root, Mapping) else []
    while waiting:
        prefix, module = waiting.pop()
        for resource in module.get("resources") or ():
            expressions = resource.get("expressions") or {}
            found[prefix + str(resource.get("address"))] = expressions
        for name, call in (module.get("module_calls") or {}).items():
            inner = call.get("module")
            if isinstance(inner, Mapping):
                waiting.append((f"{prefix}module.{name}.", inner))
    return found


def _planned(values: Document) -> Sequence[Mapping[str, Any]]:
    """Return planned values as changes: what has an id is there, what has none is new."""
    root = values.get("root_module") if isinstance(values, Mapping) else None
    return [
        {
            **resource,
            "change": {
                "actions": ["update" if (resource.get("values") or {}).get("id") else "create"],
                "before": resource["values"] if resource["values"].get("id") else None,
                "after": resource["values"],
            },
        }
        for resource in _resources(root)
        if isinstance(resource.get("values"), Mapping)
    ]


def _resources(module: Document) -> Iterator[Mapping[str, Any]]:
    if isinstance(module, Mapping):
        yield from module.get("resources") or ()
        for child in module.get("child_modules") or ():
            yield from _resources(child)
