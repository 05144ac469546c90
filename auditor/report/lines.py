"""Lines on a rich console: wrapped with an indent, never with markup or trailing blanks."""

from __future__ import annotations

from typing import Literal

from rich.console import Console
from rich.text import Text

Wrap = Literal["words", "never"]


def line(
    console: Console,
    content: str | Text,
    *,
    indent: int = 0,
    hang: int = 0,
    style: str = "",
    wrap: Wrap = "words",
) -> None:
    """Write one line, wrapped to the width; what follows the first stands `hang` columns further.

    The content is text, never rich markup: `[red]` in a name stays as it is.
    """
    text = Text(content, style=style) if isinstance(content, str) else content
    if wrap == "never":
        _put(console, indent, text)
        return
    width = max(console.width - indent - hang, 20)
    first, *rest = _wrapped(text, console, max(console.width - indent, 20), width)
    _put(console, indent, first)
    for part in rest:
        _put(console, indent + hang, part)


def heading(console: Console, title: str) -> None:
    """Write a section heading with a blank line before it."""
    console.print()
    line(console, title, style="bold")


def _wrapped(text: Text, console: Console, first_width: int, width: int) -> list[Text]:
    lines = list(text.wrap(console, first_width))
    if len(lines) > 1 and first_width != width:
        head = lines[0]
        tail = text[len(head) :]
        head.rstrip()
        leading = len(tail.plain) - len(tail.plain.lstrip())
        lines = [head, *tail[leading:].wrap(console, width)]
    for part in lines:
        part.rstrip()
    return lines or [Text()]


def _put(console: Console, indent: int, text: Text) -> None:
    console.print(Text(" " * indent).append_text(text), no_wrap=True, overflow="ignore", crop=False)
