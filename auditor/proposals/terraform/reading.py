"""What the readers of resources share: which policy a rule is of, and what is not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from auditor.proposals.model import Proposal, Raw
from auditor.proposals.terraform.plan import Change, Plan

Reader = Callable[[Plan, Change], Iterator[Proposal]]
Rules = Callable[[Mapping[str, Any], Change], Iterable[Raw]]


def unknowns(change: Change, attributes: Iterable[str]) -> tuple[str, ...]:
    """Return a problem for each attribute that is known only after apply."""
    return tuple(
        f"{change.address}: {name} is known only after apply"
        for name in attributes
        if change.is_unknown(name)
    )


def policy_of(plan: Plan, change: Change, attribute: str) -> str | None:
    """Return the id of the policy that a rule will be of, as far as that can be known."""
    if not change.is_unknown(attribute):
        value = change.after.get(attribute)
        return str(value) if value else None
    other = plan.target(change, attribute)
    return other.identity if other else None


def rule_proposals(
    plan: Plan, change: Change, table: str, *, owner: str, matters: Iterable[str], rules: Rules
) -> Iterator[Proposal]:
    """Yield what a rule that is a resource of its own drops from a policy, and adds to one."""
    if not change.is_new:
        dropped = tuple(rules(change.before, change))
        policy = str(change.before.get(owner) or change.address)
        yield Proposal(table, policy, change.where, dropped=dropped)
    if change.is_gone:
        return
    target = policy_of(plan, change, owner)
    problems = unknowns(change, matters)
    if target is None:
        problems = (f"{change.address}: {owner} is known only after apply", *problems)
    yield Proposal(
        table,
        target or change.address,
        change.where,
        added=() if problems else tuple(rules(change.after, change)),
        problems=problems,
    )
