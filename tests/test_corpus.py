"""What holds for every query, view, setting and source file: nothing is missing or orphaned."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from auditor.diff.cohorts import cohort_files
from auditor.diff.inventory import show_inventory
from auditor.diff.queries import load_queries
from auditor.diff.session import open_session
from auditor.diff.settings import load_settings
from auditor.diff.views import macro_files, view_files
from auditor.frameworks import load_attack, load_controls
from auditor.model import Query
from auditor.policy.evaluate import step_files
from auditor.policy.sources import COLUMNS, source_files
from auditor.shipped import split_header
from auditor.store.selects import names_in
from tests.harness import TABLES, Lab

ROOT = Path(__file__).parent.parent
CASES = Path(__file__).parent / "cases" / "queries"
QUERIES = load_queries()
VIEWS = view_files()
SOURCES = sorted((ROOT / "auditor").rglob("*.py"))
SQL_FILES = [*(Path(query.source) for query in QUERIES), *VIEWS]
SOURCES_OF_POLICIES = {part: source_files(part) for part in COLUMNS}
STEPS = [path for part in ("subjects", "delta", "told", "allowed") for path in step_files(part)]
STEPS += cohort_files()
OTHERS = [*step_files("checks"), *source_files("macros"), *macro_files()]
POLICY_FILES = [*(path for some in SOURCES_OF_POLICIES.values() for path in some), *STEPS, *OTHERS]
KEYWORDS = {
    *("select", "from", "where", "join", "left", "anti", "using", "on", "group", "order", "by"),
    *("union", "all", "as", "case", "when", "then", "else", "end", "and", "or", "not", "is"),
    *("null", "in", "exists", "distinct", "with", "over", "partition", "filter", "having"),
    *("limit", "like", "between", "intersect", "except", "values", "exclude"),
}
HEAVY = ("boto3", "botocore", "pandas", "numpy", "grpc", "pyarrow", "cloudquery")

each_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.id)
each_view = pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
each_sql = pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.stem)


@each_query
def test_header_of_a_query(query: Query) -> None:
    assert query.id == Path(query.source).stem
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)+", query.id)
    assert len(query.title) <= 60 and query.title[0].isupper() and query.title[-1] != "."
    for text in (query.description, query.false_positives, query.remediation):
        assert text.endswith("."), text
    assert query.attack and query.controls and query.verdicts
    assert len(set(query.verdicts)) == len(query.verdicts)


def references() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    found = [(query.id, query.attack, query.controls) for query in QUERIES]
    return found + [(s.id, tuple(s.attack), tuple(s.controls)) for s in load_settings()]


@pytest.mark.parametrize("reference", references(), ids=lambda reference: reference[0])
def test_references(reference: tuple[str, tuple[str, ...], tuple[str, ...]]) -> None:
    name, attack, controls = reference
    for technique in attack:
        assert technique in load_attack().techniques, f"{name}: {technique} is not in the map"
    for control in controls:
        framework, _, id = control.partition(":")
        known = load_controls()[framework].controls
        assert id in known or (id and not known), control
    assert len(set(attack)) == len(attack) and len(set(controls)) == len(controls)


def test_ids_and_titles_are_unique() -> None:
    settings = load_settings()
    for values in (
        [query.id for query in QUERIES] + [setting.id for setting in settings],
        [query.title for query in QUERIES] + [setting.title for setting in settings],
    ):
        assert sorted(set(values)) == sorted(values)


def test_settings_name_their_source() -> None:
    assert all(len(setting.source.strip()) > 10 for setting in load_settings())


def test_every_query_has_cases_and_every_case_a_query() -> None:
    assert sorted(path.name for path in CASES.iterdir()) == [f"{q.id}.toml" for q in QUERIES]


def test_no_file_of_queries_is_orphaned() -> None:
    known = {path.resolve() for path in [*SQL_FILES, *POLICY_FILES]}
    assert {path.resolve() for path in (ROOT / "queries").rglob("*.sql")} == known
    assert {path.suffix for path in (ROOT / "queries").rglob("*") if path.is_file()} <= {
        ".sql", ".toml", ".md",
    }  # fmt: skip


@each_query
def test_tables_of_the_header_are_what_the_sql_reads(query: Query) -> None:
    with duckdb.connect() as con:
        read = {
            name
            if name.endswith(".coverage") or name.startswith(("policy.", "cohort.", "behaviour."))
            else name.rpartition(".")[2]
            for name in names_in(con, query.sql)
        }
    assert sorted(read) == sorted(query.tables)


def test_ctes_and_subqueries_are_seen() -> None:
    with duckdb.connect() as con:
        found = names_in(
            con,
            "WITH a AS (SELECT * FROM snapshot.x), b AS (WITH c AS (FROM y) FROM c) "
            "SELECT (SELECT max(i) FROM z) FROM a JOIN b USING (i) "
            "WHERE EXISTS (SELECT 1 FROM baseline.coverage) UNION ALL SELECT 1 FROM v",
        )
    assert found == {"snapshot.x", "y", "z", "baseline.coverage", "v"}


@each_query
def test_a_query_reads_both_sides_or_views_of_both(query: Query) -> None:
    with duckdb.connect() as con:
        names = names_in(con, query.sql)
    plain = {name for name in names if "." not in name}
    assert plain <= {"changed_settings", "settings"}, "a schema says which side is meant"
    assert not any(name.startswith("store.") for name in names), "queries see views only"


@each_view
def test_a_view_documents_exactly_its_columns(path: Path, lab: Lab) -> None:
    header, sql = split_header(path)
    assert header.keys() == {"title", "description", "columns"}
    assert header["title"] and header["description"].endswith(".")
    assert all(text.endswith(".") for text in header["columns"].values())
    with open_session(lab.config.store) as session:
        show_inventory(session, 1)
        _, described = session.select(f"DESCRIBE {sql}")
        names = names_in(session.con, sql)
    assert [row[0] for row in described] == list(header["columns"])
    others = {other.stem for other in view_files()} - {path.stem}
    assert names <= set(TABLES) | others, "a view reads tables and views, without a schema"


@each_sql
def test_sql_is_short_and_in_style(path: Path) -> None:
    _, sql = split_header(path)
    lines = sql.splitlines()
    # NOTE: a view says the same of three clouds, one below the other.
    assert len(lines) <= (90 if path.parent.name == "views" else 60)
    assert all(len(line) <= 110 for line in lines)
    assert "\t" not in sql and all(line == line.rstrip() for line in lines)
    code = re.sub(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"", "''", sql)
    lower = set(re.findall(r"(?<![.\w])[a-z]+(?![\w(])", code)) & KEYWORDS
    assert not lower, f"keywords are upper-case: {lower}"
    for schema, alias in (("baseline", "b"), ("snapshot", "s")):
        found = re.findall(rf"{schema}\.\w+(?:\s+AS)?\s+(\w+)", code)
        aliases = {name for name in found if name.lower() not in KEYWORDS}
        assert aliases <= {alias}, f"{schema} is {alias}"


@pytest.mark.parametrize("path", POLICY_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_policy_sql_is_described_and_short(path: Path) -> None:
    header, sql = split_header(path)
    extra = {"table", "view"} & header.keys()
    assert len(extra) == (path in STEPS), "a step makes one table or one view"
    optional = {"cloud", "resource_type", "interfaces", "instances", "places"}
    assert {"title", "description"} | extra <= header.keys()
    assert header.keys() <= {"title", "description"} | extra | optional
    assert header["description"].endswith(".")
    assert len(sql.splitlines()) <= 90
    assert all(len(line) <= 110 and line == line.rstrip() for line in sql.splitlines())


def test_rules_of_policies_name_tables_that_exist() -> None:
    for path in SOURCES_OF_POLICIES["rules"]:
        header, _ = split_header(path)
        if "resource_type" in header:
            assert {header["resource_type"], header["interfaces"]} <= TABLES.keys()
            assert header["cloud"] == header["resource_type"].split("_")[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_is_short_and_light(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    tree = ast.parse(text)
    assert path.name == "__init__.py" or ast.get_docstring(tree), "a module says what it is for"
    if "collect/aws" in path.as_posix():
        return
    for node in tree.body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.split(".")[0] for name in names} & {"boto3", "botocore"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A store with a baseline and a finding, and a configuration that names it."""
    folder = tmp_path_factory.mktemp("corpus")
    lab = Lab(folder)
    lab.seal({"aws_ec2_instances": [{"id": "i-1"}]})
    lab.approve()
    lab.audit({"aws_ec2_instances": [{"id": "i-1"}, {"id": "i-2"}]})
    (folder / "audit.toml").write_text('[store]\npath = "audit.duckdb"\n')
    return lab


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "version",
        "report",
        "report --format json",
        "report --format html",
        "query FROM.instances",
        "findings list",
        "baseline list",
        "history i-1",
        "explain i-1",
        "store verify",
        "store stats",
        "diff",
    ],
)
def test_commands_that_collect_nothing_load_no_sdk(lab: Lab, arguments: str) -> None:
    script = (
        "import json, sys\n"
        "from auditor.cli.main import app\n"
        "try:\n    app()\n"
        "except SystemExit as exc:\n"
        "    print(json.dumps([exc.code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *(part.replace(".", " ") for part in arguments.split(" "))],
        cwd=lab.config.store.path.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code in ((3,) if arguments == "diff" else (0,)), done.stderr
    assert done.stdout
    assert [name for name in HEAVY if name in modules] == []
