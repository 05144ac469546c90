"""The page: inert whatever the values say, closed to the network, and honest about its limits."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from auditor.model import Scope
from auditor.report import html_view
from auditor.report.html import render

from .sample import HOSTILE, RUNS, digest, first_run, rich_run

VOID = {"meta", "input", "br", "img"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and insists on balanced elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, str] = {}
        self.text = ""
        self._stack: list[str] = []
        self.feed(text)
        assert not self._stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1] in {"script", "style"}:
            self.raw[self._stack[-1]] = data
        else:
            self.text += data


def page(name: str = "rich") -> Page:
    return Page(render(RUNS[name]()).decode())


@pytest.mark.parametrize("name", RUNS)
def test_policy_allows_the_style_and_the_script_of_the_page_and_nothing_else(name: str) -> None:
    parsed = page(name)
    policy = next(a["content"] for t, a in parsed.tags if t == "meta" and "http-equiv" in a)
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in parsed.raw.items()
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; "
        f"script-src 'sha256-{hashes['script']}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


@pytest.mark.parametrize("name", RUNS)
def test_page_loads_nothing_and_has_no_inline_code(name: str) -> None:
    parsed = page(name)
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    for tag, attributes in parsed.tags:
        assert tag not in {"img", "link", "iframe", "object", "base"}
        assert not {"src", "style", "srcset"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|https?:", parsed.raw["style"] + parsed.raw["script"])


def test_hostile_values_are_text_and_hidden_characters_are_shown() -> None:
    source = render(rich_run()).decode()
    assert "<script>alert" not in source
    assert "<img" not in source
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", source)
    text = page().text
    assert HOSTILE[0] in text
    assert "invoice\\u202egpj.exe" in text
    assert "web\\x00\\x1b[31m-1\\nCLEAN: forged line" in text


@pytest.mark.parametrize("name", RUNS)
def test_headings_descend_one_by_one_and_ids_are_unique(name: str) -> None:
    parsed = page(name)
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in parsed.tags:
        if tag == "th":
            assert attributes["scope"] in {"col", "row"}
        if tag == "a":
            assert (attributes["href"] or "")[1:] in ids


def test_page_shows_the_worst_and_says_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_view, "FINDINGS", 4)
    parsed = page()
    shown = [a["data-severity"] for t, a in parsed.tags if a.get("class") == "finding"]
    assert shown == ["critical", "critical", "high", "high"]
    assert "6 more findings are not on this page." in parsed.text
    assert "It shows the 4 worst; all 10 are in findings.json" in parsed.text
    assert "1 more resolved finding: see findings.json." in parsed.text


def test_many_accounts_are_cut_with_a_note() -> None:
    run = rich_run()
    coverage = tuple(
        replace(run.coverage[0], scope=Scope("aws", f"{number:012}", "eu-west-1"))
        for number in range(203)
    )
    assert (
        "3 more accounts: see coverage in findings.json."
        in Page(render(replace(run, coverage=coverage)).decode()).text
    )


def test_coverage_comes_first_and_the_gaps_are_named() -> None:
    text = page().text
    assert "5 of 12 scopes not read: no statement about them." in text
    assert text.index("not read: no statement") < text.index("SSH opened to the Internet")


def test_first_run_says_how_to_approve() -> None:
    text = Page(render(first_run()).decode()).text
    assert "54 resources proposed; nobody has approved them" in text
    assert "audit baseline approve" in text


def test_finding_carries_its_fingerprint_as_target() -> None:
    run = rich_run()
    targets = {a.get("id") for _, a in page().tags}
    assert {f"f-{finding.fingerprint}" for finding in run.findings} <= targets


def test_long_values_are_cut_with_their_length() -> None:
    source = render(rich_run()).decode()
    assert "x" * 2_000 not in source
    assert "cut, 10,240 characters" in source
    assert digest("a") in source
