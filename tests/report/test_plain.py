"""Text made safe, and two values laid side by side."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from auditor.report.changes import ABSENT, Field, fields, members, texts
from auditor.report.plain import block, inline, markdown, short_id, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-1", "web-1"),
        ("größe 東京", "größe 東京"),
        ("a\x00\x1b\x7f\x9b", "a\\x00\\x1b\\x7f\\x9b"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u202e\u2066\u200b\ufeff", "\\u202e\\u2066\\u200b\\ufeff"),
        ("a\u2028b\u00a0c", "a\\u2028b\\xa0c"),
        ("\U000e0041\ud800\u3164", "\\U000e0041\\ud800\\u3164"),
    ],
)
def test_hidden_characters_become_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_visible_text_stays_as_it_is_and_holds_nothing_hidden(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("t3.micro", "t3.micro"),
        ("2026-06-30", "2026-06-30"),
        ("true", '"true"'),
        (True, "true"),
        ("12", '"12"'),
        (12, "12"),
        ("", '""'),
        (" a", '" a"'),
        ("(absent)", '"(absent)"'),
        (None, "null"),
        (["a", 1], '["a", 1]'),
        ("abcdefghijkl", "abcdefghij... (cut, 12 characters)"),
    ],
)
def test_inline_value_keeps_its_type_visible(value: Any, shown: str) -> None:
    assert inline(value, 10) == shown


def test_block_escapes_each_line() -> None:
    assert block({"a": "\u202e"}, 99) == '{\n  "a": "\\u202e"\n}'


@pytest.mark.parametrize(
    ("resource", "short"),
    [
        ("arn:aws:ec2:eu-west-1:1:instance/i-0a", "i-0a"),
        ("arn:aws:s3:::bucket", "bucket"),
        ("/subscriptions/x/virtualmachines/web", "web"),
        ("//compute.googleapis.com/projects/p/zones/z/instances/7", "7"),
        ("web", "web"),
        ("/", "/"),
    ],
)
def test_short_id_is_the_last_part(resource: str, short: str) -> None:
    assert short_id(resource) == short


def test_fields_show_what_differs_first_and_tell_types_apart() -> None:
    before = {"a": 1, "b": {"c": "1", "d": [1, 2]}, "gone": None}
    after = {"a": True, "b": {"c": "1", "d": [1, 2, 3]}, "new": {}}
    rows = fields(before, after)
    assert [(row.name, row.differs) for row in rows] == [
        ("a", True),
        ("b.d", True),
        ("new", True),
        ("gone", True),
        ("b.c", False),
    ]
    assert members(rows[1]) == ([], [3])
    assert rows[2].before is ABSENT


@pytest.mark.parametrize(
    ("before", "after"), [(1, 2), (None, 1), ({"a": 1}, "a"), ("1", 1), ([1], [2])]
)
def test_values_that_are_not_both_objects_are_one_field(before: Any, after: Any) -> None:
    (row,) = fields(before, after)
    assert (row.name, row.differs) == ("value", True)
    left, right = texts(row, 50)
    assert left != right


def test_keys_with_dots_do_not_collide() -> None:
    assert len(fields({"a": {"b": 1}, "a.b": 2}, {"a": {"b": 1}, "a.b": 3})) == 2


def test_text_that_would_read_the_same_is_quoted() -> None:
    assert texts(Field("x", "a\nb", "a\\nb", differs=True), 50) == ('"a\\nb"', '"a\\\\nb"')


def test_long_values_are_shown_from_where_they_part() -> None:
    left, right = texts(Field("x", "a" * 999 + "b", "a" * 999 + "c", differs=True), 30)
    assert (left, right) == ("..." + "a" * 20 + 'b"', "..." + "a" * 20 + 'c"')


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SSH opened to the Internet", "SSH opened to the Internet"),
        ("tcp/22 now also from 0.0.0.0/0 (new)", "tcp/22 now also from 0.0.0.0/0 (new)"),
        ("ask @ada", "`ask @ada`"),
        ("see #12", "`see #12`"),
        ("www.example.org", "`www.example.org`"),
        ("https://example.org", "`https://example.org`"),
        ("a_b_ *c*", "`a_b_ *c*`"),
        ("1. one", "`1. one`"),
        ("a`b|c", "`a\\x60b\\x7cc`"),
        ("a\nb", "`a\\nb`"),
        ("", '`""`'),
    ],
)
def test_what_could_be_markup_is_a_code_span(text: str, written: str) -> None:
    assert markdown(text, 100) == written


@given(st.text(max_size=20) | st.text("<>[]()`*_~|#@!:/.w\\&; a1\n-+", max_size=12))
@settings(deadline=None)
def test_markdown_renders_as_text_and_nothing_else(text: str) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    cell = f"| a | b |\n|---|---|\n| {markdown(text, 100)} | end |"
    tokens = parser.parse(cell)
    inner = [token for block in tokens if block.children for token in block.children]
    assert {token.type for token in inner} <= {"text", "code_inline"}
    assert [t.content for t in tokens if t.type == "inline"][-1] == "end"
    assert sum(token.type == "td_open" for token in tokens) == 2
