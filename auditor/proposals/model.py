"""What a file proposes for one policy, before anything is known of the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.errors import UsageError

Raw = Mapping[str, Any]
"""A policy or a rule as the provider's API returns it; where it belongs is added later."""

Document = Any
"""Parsed JSON that nobody has checked yet."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Rules of a policy as they are to be: all of them, or what is added and dropped."""

    table: str
    """Table of the policy, such as `aws_ec2_security_groups`."""
    policy: str
    """Its id, or the end of one that tells it apart; of a new policy what the file calls it."""
    where: str
    """Place in the file."""
    name: str | None = None
    new: Raw | None = None
    """The policy itself, where the file says that it will be created."""
    near: str = ""
    """Something that a new policy shares with others of its account: network, group, project."""
    aliases: tuple[str, ...] = ()
    """What rules of the same file may call a new policy."""
    rules: tuple[Raw, ...] | None = None
    """All of its rules; None where those of the snapshot stay."""
    dropped: tuple[Raw, ...] = ()
    added: tuple[Raw, ...] = ()
    applies_to: frozenset[str] | None = None
    """Subnets that it is to apply to, where the file says so."""
    problems: tuple[str, ...] = ()
    """Why nothing can be said about it."""


def unusable(where: str, what: str, hint: str | None = None) -> UsageError:
    """Return the refusal of a file."""
    return UsageError(what, where=where.strip(" :") or None, hint=hint)


def objects(value: Document, where: str) -> Sequence[Mapping[str, Any]]:
    """Return a list of JSON objects, empty for null; raises `UsageError` for all else."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise unusable(where, "must be a list of objects", "write it as the provider returns it")
    return value


def text_of(item: Mapping[str, Any], key: str, where: str) -> str:
    """Return a text that must be there; raises `UsageError`."""
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise unusable(where, f"{key} is missing", "write it as the provider returns it")
    return value


def texts(value: Document, where: str) -> list[str]:
    """Return a list of texts, empty for null; raises `UsageError` for all else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise unusable(where, "must be a list of texts")
    return value


def leaves(value: Document) -> Iterator[Any]:
    """Yield what a document holds besides objects and lists, however deep."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        else:
            yield item


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has a value; APIs leave out what has none."""
    return {key: value for key, value in values.items() if value not in (None, "")}
