"""One self-contained HTML file: for the auditor who signs, on any machine, without a network.

The page allows itself nothing but its own style and script, by their hashes; every other value
is text. It is complete without the script, which only adds filters.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from auditor.model import AuditRun
from auditor.report.html_view import view
from auditor.report.plain import Lines, visible

EXTENSION = "html"
MEDIA_TYPE = "text/html; charset=utf-8"

_ASSETS = Path(__file__).parent / "html_assets"


def render(run: AuditRun) -> bytes:
    """Render the page as UTF-8."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            view(run),
            style=Markup(style),  # noqa: S704 - our own file, hashed above
            script=Markup(script),  # noqa: S704 - our own file, hashed above
            policy=policy,
        )
    )
    return page.encode("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_finalize,
        loader=FileSystemLoader(_ASSETS),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["moment"] = _moment
    return environment


def _finalize(value: object) -> object:
    """Make hidden characters visible in whatever the template prints; Jinja escapes the rest."""
    if not isinstance(value, str) or isinstance(value, Markup | Lines):
        return value
    return visible(value)


def _moment(text: str | None) -> str:
    return "not recorded" if text is None else text.replace("T", " ").replace("Z", " UTC")


def _asset(name: str) -> str:
    return "\n" + (_ASSETS / name).read_text(encoding="utf-8").strip() + "\n"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
