"""What identity policies let a principal do, of the actions that `creators.py` names.

An action is allowed where a policy allows it, none denies it, and the permissions boundary, if
there is one, allows it too:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
Conditions are not evaluated: with any, or where not all resources are covered, an allowance is
conditional, and a denial takes a part away only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor.collect.aws.launch import canonical
from auditor.collect.creators import ACTIONS, Grant, as_expression, covered

EVERY = frozenset(action for actions in ACTIONS["aws"].values() for action in actions)
"""All actions that are looked for."""

NARROWED = "where no other policy denies it, within the boundary"
"""The limit of an allowance that has none of its own; `restrictions` says what limits it."""

_ANY = "\N{REPLACEMENT CHARACTER}"
_RESOURCES = {"iam": f":iam::{{account}}:role/{_ANY}"}
_RESOURCE = f":{{service}}:{_ANY}:{_ANY}:{_ANY}/{_ANY}"
"""ARNs that only a pattern for all resources matches. Roles of other accounts cannot be passed."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy, as far as it is about the actions that are looked for."""

    by: str
    allows: bool
    actions: frozenset[str]
    resources: tuple[str, ...] | None
    """Patterns of what it is for; None: it is for all but `spared`."""
    spared: tuple[str, ...]
    condition: str | None

    def limit(self, action: str, principal: str) -> str | None:
        """Return in words what it is limited to; None: it is for all resources, always."""
        said: list[str] = []
        service, home = action.partition(":")[0], _home(principal)
        if self.resources is None:
            said += [f"on all but {', '.join(self.spared)}"] if self.spared else []
        elif not any(_is_everything(p, service, *home) for p in self.resources):
            said.append(f"on {', '.join(self.resources)}")
        said += [f"if {self.condition}"] if self.condition else []
        return " ".join(said) or None


def statements(policy: Mapping[str, Any], by: str) -> Iterator[Statement]:
    """Yield the statements of a policy document that are about any of the actions."""
    for raw in _listed(policy.get("Statement")):
        effect, actions = raw.get("Effect"), _actions(raw)
        if actions and effect in ("Allow", "Deny"):
            spared = tuple(sorted(_listed(raw.get("NotResource"))))
            named = tuple(sorted(_listed(raw.get("Resource"))))
            condition = canonical(raw.get("Condition") or None)
            yield Statement(by, effect == "Allow", actions, named or None, spared, condition)


def evaluate(
    given: Sequence[Statement], bounds: Sequence[Statement] | None, principal: str
) -> tuple[list[Grant], list[str]]:
    """Return what a principal may do, and what takes away parts of that, in words.

    `bounds` are the statements of its permissions boundary; None: it has no boundary. `principal`
    is its ARN.
    """
    grants: list[Grant] = []
    restrictions: set[str] = set()
    for capability, actions in ACTIONS["aws"].items():
        for action in actions:
            found, limits = _of_action(capability, action, given, bounds, principal)
            grants += found
            restrictions |= limits
    return grants, sorted(restrictions)


def _of_action(
    capability: str,
    action: str,
    given: Sequence[Statement],
    bounds: Sequence[Statement] | None,
    principal: str,
) -> tuple[list[Grant], set[str]]:
    about = [s for s in given if action in s.actions]
    within = [s for s in bounds or () if action in s.actions]
    denials = [(s.by, s.limit(action, principal)) for s in (*about, *within) if not s.allows]
    frame = [(s.by, s.limit(action, principal)) for s in within if s.allows]
    is_bound = bounds is not None and all(limit is not None for _, limit in frame)
    if any(limit is None for _, limit in denials) or (is_bound and not frame):
        return [], set()
    told = {f"{capability}: denied by {by} {limit}" for by, limit in denials}
    if is_bound:
        told |= {f"{capability}: bound by {by} {limit}" for by, limit in frame}
    grants = [
        Grant(capability, s.by, s.limit(action, principal) or (NARROWED if told else None))
        for s in about
        if s.allows
    ]
    return grants, told if grants else set()


def _actions(raw: Mapping[str, Any]) -> frozenset[str]:
    """Return those of the actions that a statement is about."""
    if "NotAction" in raw:
        return EVERY - _covered(_listed(raw["NotAction"]))
    return _covered(_listed(raw.get("Action")))


def _covered(patterns: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*(covered("aws", pattern) for pattern in patterns))


def _listed(value: Any) -> list[Any]:
    """Return what may be one value or a list of them as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


@lru_cache(maxsize=65_536)
def _is_everything(pattern: str, service: str, partition: str, account: str) -> bool:
    """Say whether a pattern of ARNs covers each resource of a service that actions are about."""
    wanted = _RESOURCES.get(service, _RESOURCE).format(service=service, account=account)
    return as_expression(pattern).fullmatch(f"arn:{partition}{wanted}") is not None


def _home(arn: str) -> tuple[str, str]:
    """Return partition and account of an ARN."""
    parts = [*arn.split(":"), "", "", "", ""]
    return parts[1], parts[4]
