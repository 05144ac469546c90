"""Write the reference pages from the code's own metadata: nothing in them is written by hand.

`python docs/generate.py` writes them, `--check` only says which are stale and exits 1.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from auditor.cli.main import app
from auditor.collect.catalog import CLOUDS, all_tables
from auditor.collect.creators import ACTIONS, MEANINGS
from auditor.collect.table import DOCUMENT_COLUMN, LEADING_COLUMNS, ResourceTable, sql_type
from auditor.config import known_keys
from auditor.diff.queries import load_queries
from auditor.diff.references import References, references
from auditor.diff.settings import Setting, load_settings
from auditor.diff.views import view_files
from auditor.frameworks import answered, load_attack, load_controls
from auditor.model import Query
from auditor.policy.sources import source_files
from auditor.report.formats import format_names
from auditor.shipped import split_header

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py: change the code, then run `make docs`. -->"

COMPARATORS = {
    "ENUM": "The values stand in an order from tight to loose; a later one is looser.",
    "BOOL": "One of the two values is the looser one.",
    "NUM": "The higher or the lower number is looser.",
    "SET": "A set is looser when it grows, or when it shrinks.",
    "PRESENCE": "Being there at all, or being absent, is looser.",
    "HASH": "Not ordered: any other value is SUSPICIOUS.",
    "REF": "A pointer to something else: another target is SUSPICIOUS. Gaining or losing one is "
    "judged by PRESENCE.",
}
POLICY_PARTS = {
    "rules": "Rules",
    "layers": "Which policies apply to which interface",
    "paths": "Paths from the Internet",
    "members": "What symbols stand for",
}
"""Folders of `queries/policy` that read tables."""

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))


def configuration() -> str:
    """Return the page of every configuration key."""
    parts = [
        "The file is TOML. `audit init` writes `audit.toml` with every key explained; the same "
        "text is [config.example.toml](../config.example.toml). A command reads the file that "
        "`--config` names, else `audit.toml` of the working directory, else it uses the "
        "defaults. Every key has a default, so an empty file is valid. An unknown key is an "
        "error that names the nearest key. Relative paths start at the folder of the file. "
        "Durations are written `90s`, `45m`, `2h` or `7d`, or as a number of seconds.",
        "Keys whose meaning begins with *Reserved* are accepted, checked and not used.",
    ]
    fields = list(known_keys())
    for section, info in ((k, f) for k, f in fields if "." not in k):
        inner = [(k, f) for k, f in fields if k.startswith(f"{section}.")]
        kind = info.annotation
        meaning = info.description or (kind.__doc__ if kind else "") or ""
        parts.append(f"## [{section}]\n\n{meaning.strip()}")
        rows = [(f"`{key}`", _default(field), field.description or "") for key, field in inner]
        if rows:
            parts.append(_grid(("key", "default", "meaning"), rows))
    formats = ", ".join(f"`{name}`" for name in format_names())
    parts.append(f"The report formats are {formats}.")
    parts.append("[aws.md](aws.md) explains `aws.accounts` and `aws.organization`.")
    return _page("Configuration", parts)


def cli() -> str:
    """Return the page of every command with its options."""
    root = typer.main.get_command(app)
    panels: dict[str, list[str]] = {}
    for name, command in getattr(root, "commands", {}).items():
        below = getattr(command, "commands", None)
        found = [(f"{name} {n}", c) for n, c in below.items()] if below else [(name, command)]
        panel = str(getattr(command, "rich_help_panel", "") or "")
        panels.setdefault(panel, []).extend(_command(n, c) for n, c in found)
    parts = [str(root.help), f"{root.epilog} [exit-codes.md](exit-codes.md) says more."]
    parts.append(
        "Data goes to stdout, everything else to stderr. `AUDIT_LOG` is the level of the log "
        "(JSON lines on stderr): `DEBUG`, `INFO`, `WARNING` (the default) or `ERROR`."
    )
    for panel in ("Start", "Audit", "Decide", "Look closer"):
        parts += [f"## {panel}", *panels.pop(panel, [])]
    for panel, texts in panels.items():
        parts += [f"## {panel}", *texts]
    return _page("Commands", parts)


def tables() -> str:
    """Return the page of every table with its columns."""
    parts = [
        "A table holds one kind of resource. Every table begins and ends with the same columns. "
        "A *volatile* column is stored, but its change alone makes no new version of a row and "
        "no finding. Types are those of DuckDB; times are in UTC.",
        "## Columns of every table",
        _columns([*LEADING_COLUMNS, DOCUMENT_COLUMN]),
    ]
    shared = {column.name for column in (*LEADING_COLUMNS, DOCUMENT_COLUMN)}
    parts += [_table(table, shared) for table in all_tables()]
    parts.append(
        "## Capabilities\n\nWhat the tables of who may create instances look for. One of the "
        "actions is enough, so a capability may need further rights before it can be used. It is "
        "*conditional* where it holds on conditions, which are not evaluated, or in a part of the "
        "account only. Not read are, in AWS, SCPs, RCPs, policies of resources and session "
        "policies; in Azure, deny assignments, eligible assignments that are not active, and "
        "classic administrators; in Google Cloud, what folders and the organisation give, deny "
        "policies, and policies of single resources. Groups are principals of their own, except "
        "in AWS, where users have the rights of their groups."
    )
    for name, meaning in MEANINGS.items():
        rows = [(cloud, ", ".join(f"`{a}`" for a in ACTIONS[cloud][name])) for cloud in CLOUDS]
        parts += [f"### {name}\n\n{meaning}", _grid(("cloud", "actions"), rows)]
    return _page("Tables", parts)


def views() -> str:
    """Return the page of the vocabulary views."""
    parts = [
        "The views are one vocabulary over the tables of all clouds. `audit query` and the "
        "drift queries see them; each is a file of `queries/views/`."
    ]
    for path in view_files():
        header, _ = split_header(path)
        rows = [(f"`{name}`", text) for name, text in header["columns"].items()]
        parts += [
            f"## {path.stem}\n\n{header['description']}",
            _grid(("column", "meaning"), rows),
        ]
    return _page("Views", parts)


def queries() -> str:
    """Return the page of the drift queries."""
    parts = [
        "A drift query compares a snapshot with the baseline; each is a file of "
        "`queries/drift/`, and [queries/README.md](../queries/README.md) says how to add one. "
        "`run.queries` names further folders."
    ]
    return _page("Drift queries", [*parts, *(_query(query) for query in load_queries())])


def settings() -> str:
    """Return the page of the setting catalogue."""
    parts = [
        "The setting catalogue says which change of which column is looser, how bad that is and "
        "why. The drift query [setting_changed](queries.md#setting_changed) evaluates it. The "
        "looser direction gives the verdict of the entry; the other direction is TIGHTENED, "
        "severity info. A value that was not read, with no documented default, is UNKNOWN.",
        _grid(("comparator", "meaning"), [(f"`{k}`", v) for k, v in COMPARATORS.items()]),
    ]
    entries = load_settings()
    for name in sorted({entry.table for entry in entries}):
        parts.append(f"## {name}")
        parts += [_setting(entry) for entry in entries if entry.table == name]
    return _page("Settings", parts)


def policies() -> str:
    """Return the page of everything that the comparison of policies reads."""
    parts = [
        "What [the comparison of policies](policies.md) reads of each cloud; each is a file of "
        "`queries/policy/`, and [its contract](../queries/policy/README.md) says how to add one."
    ]
    for part, title in POLICY_PARTS.items():
        rows = []
        for path in source_files(part):
            header, _ = split_header(path)
            kind = f"{header['title']}. {header['description']}"
            rows.append((f"`{part}/{path.name}`", header.get("cloud") or "", kind))
        parts.append(f"## {title}\n\n" + _grid(("file", "cloud", "what it says"), rows))
    return _page("What policies are read from", parts)


def frameworks() -> str:
    """Return the page of ATT&CK techniques and of control frameworks."""
    attack = load_attack()
    named = references(load_queries(), load_settings())
    rows = [
        (f"`{id}`", t.title, ", ".join(t.was), t.detection or "", *_watching(id, named))
        for id, t in attack.techniques.items()
    ]
    sources = [
        f"{id} {source.title}, deprecated in version {source.deprecated_in}: now "
        + ", ".join(f"{new} {attack.data_components[new]}" for new in source.now)
        for id, source in attack.data_sources.items()
    ]
    parts = [
        f"MITRE ATT&CK version {attack.version}. {'; '.join(sources)}.",
        _grid(("technique", "title", "until 18", "detected by", "drift queries", "settings"), rows),
    ]
    known = load_controls()
    for name, ids in answered(named.controls).items():
        framework = known[name]
        parts.append(f"## {framework.title} {framework.version}")
        if not framework.controls:
            parts.append("Named by queries and settings: " + _codes(f"{name}:{id}" for id in ids))
            continue
        answers = [
            (f"`{name}:{id}`", c.title, ", ".join(c.answers), ", ".join(c.through))
            for id, c in framework.controls.items()
        ]
        parts.append(_grid(("control", "title", "answered by", "through NIST"), answers))
    return _page("Frameworks", parts)


def _watching(technique: str, named: References) -> tuple[str, str]:
    """Return the drift queries that name a technique, and how many settings do."""
    queries = named.queries.get(technique, [])
    settings = len(named.settings.get(technique, ()))
    return _codes(queries) if queries else "", str(settings or "")


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli,
    "configuration.md": configuration,
    "frameworks.md": frameworks,
    "policy-sources.md": policies,
    "queries.md": queries,
    "settings.md": settings,
    "tables.md": tables,
    "views.md": views,
}


def stale() -> list[str]:
    """Return the names of the pages that are not what the code says."""
    return [name for name, page in PAGES.items() if _current(DOCS / name) != page()]


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or only compare them."""
    if "--check" in arguments:
        found = stale()
        for name in found:
            print(f"docs/{name} is stale: run make docs")
        return 1 if found else 0
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
    return 0


def _current(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", NOTE, *(part.strip() for part in parts)]) + "\n"


def _grid(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    lines += [f"| {' | '.join(_cell(text) for text in row)} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")


def _codes(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values) or "none"


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, timedelta):
        return f"`{_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    if value is None:
        return "none"
    return f"`{value}`" if isinstance(value, int | float) else f'`"{value!s}"`'


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in _UNITS:
        if seconds % size == 0 and seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _command(name: str, command: Any) -> str:
    lines = [f"### audit {name}", "", _cell(command.help or "")]
    rows = [_parameter(p) for p in command.params if not getattr(p, "hidden", False)]
    if rows:
        lines += ["", _grid(("parameter", "takes", "default", "meaning"), rows)]
    return "\n".join(lines)


def _parameter(parameter: Any) -> tuple[str, str, str, str]:
    is_option = parameter.opts[0].startswith("-")
    takes = "-" if getattr(parameter, "is_flag", False) else "value"
    names = _codes(parameter.opts) if is_option else f"`{parameter.name.upper()}`"
    shown = getattr(parameter, "show_default", None)
    default = parameter.default
    if parameter.required:
        text = "required"
    elif isinstance(shown, str):
        text = shown
    elif takes == "-" or default in (None, "", []) or callable(default) or shown is False:
        text = ""
    else:
        text = f"`{default}`"
    several = ", repeatable" if getattr(parameter, "multiple", False) else ""
    return names, takes + several, text, parameter.help or ""


def _columns(columns: Iterable[Any]) -> str:
    rows = [
        (f"`{c.name}`", sql_type(c.type), "yes" if c.volatile else "", c.description)
        for c in columns
    ]
    return _grid(("column", "type", "volatile", "meaning"), rows)


def _table(table: ResourceTable, shared: set[str]) -> str:
    lines = [f"## {table.name}", "", f"{table.title}. {table.description}", ""]
    lines.append(f"- Permissions: {_codes(table.permissions)}")
    lines.append(f"- Read: {'in each region' if table.regional else 'once per account'}")
    if table.kind != "resource":
        lines.append(f"- Kind: {table.kind}")
    if table.owner:
        lines.append(f"- Part of the resource in `{table.owner}`: accepting that accepts this too")
    for column, values in table.gone.items():
        lines.append(f"- Counts as gone where `{column}` is {_codes(values)}")
    own = [column for column in table.columns if column.name not in shared]
    return "\n".join([*lines, "", _columns(own)])


def _query(query: Query) -> str:
    facts = [
        f"severity {query.severity}",
        f"verdicts {', '.join(query.verdicts)}",
        f"ATT&CK {', '.join(query.attack) or 'none'}",
        f"controls {_codes(query.controls)}",
        f"reads {_codes(query.tables)}",
    ]
    lines = [f"## {query.id}", "", f"**{query.title}.** {query.description}", ""]
    lines += [f"- {fact}" for fact in facts]
    lines += ["", f"False positives: {query.false_positives}", ""]
    return "\n".join([*lines, f"Remediation: {query.remediation}"])


def _setting(entry: Setting) -> str:
    looser = f"looser: {' < '.join(entry.order)}" if entry.order else f"looser: {entry.loose}"
    compared = f"`{entry.comparator}`"
    if entry.order or entry.loose:
        compared += f", {looser}"
    if entry.absent is not None:
        compared += f", absent means {entry.absent}"
    lines = [f"### {entry.id}", "", f"**{entry.title}.** {entry.reason}", ""]
    lines.append(f"- `{entry.column}`: {compared}")
    lines.append(f"- {entry.verdict}, severity {entry.severity}")
    lines.append(f"- ATT&CK {', '.join(entry.attack) or 'none'}; controls {_codes(entry.controls)}")
    lines.append(f"- Source: {entry.source}")
    return "\n".join([*lines, "", f"Remediation: {entry.remediation}"])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
