"""Who has to approve what: the rules of `[[baseline.policy]]`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from auditor.config import ApprovalPolicy


def lacking(policies: Iterable[ApprovalPolicy], account: str, signers: Collection[str]) -> str:
    """Return what an approval of an account still needs; empty where nothing.

    Every rule that names the account has to hold; where none does, one allowed signer is enough.
    """
    for rule in _about(policies, account):
        have = sum(_matches(name, rule.approvers) for name in signers)
        if have < rule.minimum:
            who = ", ".join(rule.approvers)
            return f"account {account} needs {rule.minimum} of {who}; {have} signed"
    return "" if signers else f"account {account} needs a signature"


def may_approve(policies: Iterable[ApprovalPolicy], account: str, person: str) -> bool:
    """Say whether a person's signature counts for an account."""
    rules = _about(policies, account)
    return not rules or any(_matches(person, rule.approvers) for rule in rules)


def _about(policies: Iterable[ApprovalPolicy], account: str) -> list[ApprovalPolicy]:
    return [rule for rule in policies if _matches(account, rule.accounts)]


def _matches(text: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs)
