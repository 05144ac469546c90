"""The part of the Logging query language that readers of audit logs need.

Comparisons of a field with a value (`=`, `!=`, `:`, `=~`, `!~`, `<`, `<=`, `>`, `>=`), lists of
values, AND (or nothing between two terms), OR, NOT and parentheses
(https://cloud.google.com/logging/docs/view/logging-query-language).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from auditor.simcloud.gcp.wire import Resource, invalid

Test = Callable[[Resource], bool]

TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()])|(=~|!~|!=|<=|>=|=|<|>|:)|([^\s()"=<>!:]+))')
TIMES = ("timestamp", "receiveTimestamp")


def matcher(text: str) -> Test:
    """Return what decides whether an entry matches a filter; an empty one matches everything."""
    tokens = _tokens(text)
    if not tokens:
        return lambda _: True
    parser = _Parser(tokens)
    test = parser.any()
    if parser.rest:
        raise invalid("Unparseable filter: unexpected " + parser.rest[0])
    return test


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = TOKEN.match(text, position)
        if match is None:
            raise invalid(f"Unparseable filter: syntax error at column {position + 1}")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens

    def take(self) -> str:
        if not self.rest:
            raise invalid("Unparseable filter: it ends too early")
        token, *self.rest = self.rest
        return token

    def any(self) -> Test:
        tests = [self.all()]
        while self.rest and self.rest[0] == "OR":
            self.take()
            tests.append(self.all())
        return lambda entry: any(test(entry) for test in tests)

    def all(self) -> Test:
        tests = [self.term()]
        while self.rest and self.rest[0] not in ("OR", ")"):
            if self.rest[0] == "AND":
                self.take()
            tests.append(self.term())
        return lambda entry: all(test(entry) for test in tests)

    def term(self) -> Test:
        word = self.take()
        if word in ("NOT", "-"):
            test = self.term()
            return lambda entry: not test(entry)
        if word == "(":
            inner = self.any()
            self.close()
            return inner
        return self.comparison(word.strip('"'))

    def comparison(self, field: str) -> Test:
        operator = self.take()
        if operator not in OPERATORS:
            raise invalid(f"Unparseable filter: {operator} after {field}")
        compare, negated = OPERATORS[operator]
        values = self.values()

        def test(entry: Resource) -> bool:
            found = _look_up(entry, field)
            hit = any(compare(field, found, value) for value in values)
            return hit != negated

        return test

    def values(self) -> list[str]:
        word = self.take()
        if word != "(":
            return [_plain(word)]
        values = [_plain(self.take())]
        while self.rest and self.rest[0] == "OR":
            self.take()
            values.append(_plain(self.take()))
        self.close()
        return values

    def close(self) -> None:
        if self.take() != ")":
            raise invalid("Unparseable filter: a parenthesis is not closed")


def _plain(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token


def _look_up(entry: Any, field: str) -> Any:
    for name in field.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


def _order(field: str, value: Any) -> Any:
    if field not in TIMES:
        return str(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as exc:
        raise invalid(f"Unparseable filter: {value} is not a time") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _equal(field: str, found: Any, value: str) -> bool:
    if found is None:
        return False
    if isinstance(found, bool):
        return str(found).lower() == value.lower()
    return bool(_order(field, found) == _order(field, value))


def _has(_field: str, found: Any, value: str) -> bool:
    if value == "*":
        return found is not None
    return found is not None and value.lower() in str(found).lower()


def _like(_field: str, found: Any, value: str) -> bool:
    return found is not None and re.search(value, str(found)) is not None


def _less(field: str, found: Any, value: str) -> bool:
    return found is not None and bool(_order(field, found) < _order(field, value))


def _more(field: str, found: Any, value: str) -> bool:
    return found is not None and bool(_order(field, found) > _order(field, value))


def _at_most(field: str, found: Any, value: str) -> bool:
    return found is not None and not _more(field, found, value)


def _at_least(field: str, found: Any, value: str) -> bool:
    return found is not None and not _less(field, found, value)


OPERATORS: dict[str, tuple[Callable[[str, Any, str], bool], bool]] = {
    "=": (_equal, False),
    "!=": (_equal, True),
    ":": (_has, False),
    "=~": (_like, False),
    "!~": (_like, True),
    "<": (_less, False),
    ">": (_more, False),
    "<=": (_at_most, False),
    ">=": (_at_least, False),
}
