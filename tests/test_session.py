"""What people's own SQL may do: read, and nothing else; and what a broken drift query costs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auditor import inquiry, pipeline
from auditor.diff import session
from auditor.errors import (
    AuditorError,
    QueryContractError,
    QueryError,
    QueryHeaderError,
    StoreError,
    UsageError,
)
from auditor.store.database import reading
from tests.harness import Lab

INSTANCES = "aws_ec2_instances"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("session"), tables=[INSTANCES])
    lab.seal({INSTANCES: [{"id": "i-1", "name": "web"}]})
    lab.approve()
    lab.audit({INSTANCES: [{"id": "i-1", "name": "web"}, {"id": "i-2"}]})
    return lab


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


READS = (
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM '{file}'",
    "FROM '{folder}/*.csv'",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM 'https://example.com/x.csv'",
    "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')",
    "SELECT * FROM query_table('{file}')",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "WITH x AS (SELECT * FROM read_text('{file}')) SELECT * FROM x",
    "SELECT * FROM duckdb_settings() WHERE name = getenv('HOME')",
    "SELECT * FROM enable_logging(storage = 'file', storage_config = {{'path': '{folder}/log'}})",
    "SELECT * FROM parquet_metadata('{file}')",
)

WRITES = (
    "ATTACH '{folder}/other.duckdb' AS other",
    "DETACH store",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY aws_ec2_instances TO '{folder}/out.csv'",
    "COPY aws_ec2_instances FROM '{file}'",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP VIEW aws_ec2_instances",
    "DROP VIEW aws_ec2_instances",
    "DROP TABLE store.snapshot",
    "CREATE VIEW x AS SELECT 1",
    "CREATE OR REPLACE VIEW aws_ec2_instances AS SELECT 1",
    "CREATE MACRO x() AS 1",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE SECRET x (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "INSERT INTO store.snapshot SELECT * FROM store.snapshot",
    "UPDATE store.coverage SET status = 'complete'",
    "DELETE FROM store.finding",
    "TRUNCATE store.finding",
    "ALTER TABLE store.snapshot ADD COLUMN x INTEGER",
    "WITH x AS (SELECT 1) DELETE FROM store.finding",
    "USE store",
    "CHECKPOINT store",
    "VACUUM",
    "BEGIN",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "EXPLAIN ANALYZE SELECT 1",
    "",
    "   ",
    "-- nothing",
    "SELEC 1",
    "SELECT FROM WHERE",
    "SELECT * FROM no_such_table",
    "SELECT 'unclosed",
    "/* unclosed SELECT 1",
    "SELECT \x00 1",
)


@pytest.mark.parametrize("sql", READS + WRITES)
def test_refused(lab: Lab, tmp_path: Path, sql: str) -> None:
    folder = lab.config.store.path.parent
    secret = tmp_path / "secret.csv"
    secret.write_text("planted-secret-4711\n")
    before, there = fingerprint(folder), fingerprint(tmp_path)
    with pytest.raises(QueryError) as caught:
        inquiry.select(lab.config, sql.format(file=secret, folder=tmp_path))
    assert "planted-secret-4711" not in caught.value.diagnostics()
    assert caught.value.exit_code == 2
    assert fingerprint(folder) == before
    assert fingerprint(tmp_path) == there


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM aws_ec2_instances WHERE name IS NOT NULL",
        "SELECT name FROM instances WHERE name = 'web';",
        "FROM instances SELECT name ORDER BY name NULLS LAST LIMIT 1",
        "-- a comment; with a semicolon\nSELECT name FROM instances WHERE name = 'web' -- end",
        "WITH x AS (SELECT name FROM instances) SELECT name FROM x WHERE name = 'web'",
        "(SELECT name FROM instances WHERE name = 'web')",
    ],
)
def test_allowed(lab: Lab, sql: str) -> None:
    assert inquiry.select(lab.config, sql) == (["name"], [("web",)])


def test_what_there_is_to_see(lab: Lab) -> None:
    _, tables = inquiry.select(lab.config, "SHOW ALL TABLES")
    assert {"aws_ec2_instances", "instances", "coverage", "findings", "snapshots"} <= {
        row[2] for row in tables
    }
    _, rows = inquiry.select(lab.config, "SELECT resource_id, observed FROM aws_ec2_instances")
    assert len(rows) == 2 and all(observed for _, observed in rows)
    _, rows = inquiry.select(lab.config, "SELECT resource_id FROM instances", snapshot="1")
    assert len(rows) == 1
    _, rows = inquiry.select(lab.config, "SELECT valid_from FROM history.aws_ec2_instances")
    assert sorted(rows) == [(1,), (2,)]
    _, rows = inquiry.select(lab.config, "SELECT query_id FROM findings WHERE active")
    assert rows == [("new_instance",)]


def test_a_runaway_is_stopped(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "QUERY_SECONDS", 0.1)
    with pytest.raises(QueryError, match="was stopped after"):
        inquiry.select(
            lab.config,
            "SELECT sum(a.range * b.range) FROM range(1e7::BIGINT) a, range(1e7::BIGINT) b",
        )


def test_no_store_yet(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store yet"):
        inquiry.select(Lab(tmp_path).config, "SELECT 1")
    assert not list(tmp_path.iterdir())


HEADER = {
    "id": '"mine"',
    "title": '"Mine"',
    "description": '"Mine."',
    "severity": '"low"',
    "verdicts": '["CHANGED"]',
    "tables": '["instances"]',
}
COLUMNS = {
    "account_id": "s.account_id",
    "region": "s.region",
    "resource_id": "s.resource_id",
    "verdict": "'CHANGED'",
    "reason": "'because'",
    "before": "NULL",
    "after": "s.name",
}
FROM = "FROM snapshot.instances AS s"


def header(**changed: str | None) -> str:
    keys = {k: v for k, v in {**HEADER, **changed}.items() if v is not None}
    return "/*\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) + "*/\n"


def body(source: str = FROM, **changed: str | None) -> str:
    columns = {k: v for k, v in {**COLUMNS, **changed}.items() if v is not None}
    chosen = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    return f"SELECT {chosen} {source}\n"


BROKEN_HEADERS = {
    "no header": (body(), "must begin with a"),
    "empty file": ("", "must begin with a"),
    "not TOML": ("/*\nid = \n*/\n" + body(), "not valid TOML"),
    "unknown key": (header(severty='"low"') + body(), "did you mean severity"),
    "missing key": (header(title=None) + body(), "'title' is missing"),
    "empty key": (header(title='""') + body(), "'title' is missing"),
    "no tables": (header(tables="[]") + body(), "'tables' is missing"),
    "other id": (header(id='"other"') + body(), "must be the name of the file"),
    "bad severity": (header(severity='"urgent"') + body(), "urgent"),
    "bad verdict": (header(verdicts='["WORSE"]') + body(), "WORSE"),
    "text for a list": (header(tables='"instances"') + body(), "'tables' must be a list"),
    "number for a text": (header(title="1") + body(), "'title' must be a text"),
    "numbers in a list": (header(attack="[1578]") + body(), "'attack' must be a list"),
    "not UTF-8": ("\udcff", "cannot be read"),
}
BROKEN_ROWS = {
    "missing column": (body(reason=None), QueryContractError, "reason is missing"),
    "unknown column": (body(colour="'red'"), QueryContractError, "colour is unknown"),
    "column twice": (body(before="NULL AS before, NULL"), QueryContractError, "twice"),
    "NULL verdict": (body(verdict="NULL"), QueryContractError, "verdict is NULL"),
    "NULL reason": (body(reason="NULL"), QueryContractError, "reason is NULL"),
    "NULL id": (body(resource_id="NULL"), QueryContractError, "resource_id is NULL"),
    "no verdict": (body(verdict="'WORSE'"), QueryContractError, "WORSE"),
    "no severity": (body(severity="'urgent'"), QueryContractError, "urgent"),
    "other verdict": (body(verdict="'NEW'"), QueryContractError, "not among the header's"),
    "two rows": (body(FROM + ", range(2)"), QueryContractError, "two rows for arn"),
    "verdict is a number": (body(verdict="1"), QueryContractError, "1"),
    "attack is a text": (body(attack="'T1535'"), QueryError, "VARCHAR[]"),
    "syntax error": ("SELECT FROM WHERE\n", QueryError, "yntax"),
    "no such column": (body(after="s.colour"), QueryError, "colour"),
    "no such view": (body("FROM snapshot.nothing AS s"), QueryError, "nothing"),
    "no SELECT": ("DROP VIEW snapshot.instances\n", QueryError, ""),
    "two statements": (body() + "; SELECT 1\n", QueryError, "one SELECT"),
    "no SQL": ("", QueryError, ""),
    "a file": (
        body("FROM read_text('/etc/hostname') AS t, snapshot.instances AS s"),
        QueryError,
        "",
    ),
    "fails on a row": (body(after="s.resource_id::INTEGER"), QueryError, "INT32"),
}


@pytest.mark.parametrize("name", BROKEN_HEADERS)
def test_a_broken_header_is_refused_before_anything_is_read(
    lab: Lab, tmp_path: Path, name: str
) -> None:
    text, message = BROKEN_HEADERS[name]
    path = tmp_path / "mine.sql"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert_refused(lab, path, QueryHeaderError, message)


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_a_broken_query_loses_nothing(lab: Lab, tmp_path: Path, name: str) -> None:
    text, kind, message = BROKEN_ROWS[name]
    path = tmp_path / "mine.sql"
    path.write_text(header() + text)
    assert_refused(lab, path, kind, message)


def assert_refused(lab: Lab, path: Path, kind: type[AuditorError], message: str) -> None:
    before = pipeline.past_run(lab.config)
    store = fingerprint(lab.config.store.path.parent)
    run = lab.config.run.model_copy(update={"queries": [path.parent]})
    config = lab.config.model_copy(update={"run": run})
    with pytest.raises(kind) as caught:
        pipeline.compare(config, clock=lab.clock)
    assert type(caught.value) is kind
    assert str(path) in caught.value.diagnostics()
    assert message in caught.value.diagnostics()
    assert caught.value.exit_code == 2
    assert fingerprint(lab.config.store.path.parent) == store
    assert pipeline.past_run(lab.config) == before


def test_a_drift_query_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.sql").write_text(header() + body())
    (folder / "README.md").write_text("not a query")
    lab = Lab(tmp_path, tables=[INSTANCES], queries=[folder])
    lab.seal({INSTANCES: [{"id": "i-1", "name": "web"}]})
    lab.approve()
    (finding,) = lab.audit({INSTANCES: [{"id": "i-1", "name": "web"}]}).active
    assert (finding.query_id, finding.title, finding.after) == ("mine", "Mine", "web")
    assert finding.before_row_hash is None  # NOTE: the first table of the header is a view.


def test_an_id_that_is_taken_and_a_folder_that_is_not_there(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "new_instance.sql").write_text(header(id='"new_instance"') + body())
    assert_refused(lab, tmp_path / "new_instance.sql", QueryHeaderError, "is taken by")
    missing = tmp_path / "nowhere"
    run = lab.config.run.model_copy(update={"queries": [missing]})
    with pytest.raises(QueryHeaderError, match="no such folder"):
        pipeline.compare(lab.config.model_copy(update={"run": run}))


def test_a_snapshot_that_a_broken_query_left_behind(tmp_path: Path) -> None:
    """What was sealed is kept, and compared as soon as the query is mended."""
    folder = tmp_path / "mine"
    folder.mkdir()
    path = folder / "mine.sql"
    path.write_text(header() + body(verdict="NULL"))
    lab = Lab(tmp_path, tables=[INSTANCES], queries=[folder])
    lab.seal({INSTANCES: [{"id": "i-1"}]})
    lab.approve()
    lab.seal({INSTANCES: [{"id": "i-1"}, {"id": "i-2"}]})
    with pytest.raises(QueryContractError):
        lab.compare()
    with pytest.raises(UsageError, match="never compared"):
        pipeline.past_run(lab.config, "latest")
    with reading(lab.config.store) as con:
        assert con.execute("SELECT count(*) FROM store.snapshot").fetchall() == [(2,)]
    path.unlink()
    assert [f.query_id for f in lab.compare().active] == ["new_instance"]
