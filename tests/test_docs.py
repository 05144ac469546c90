"""The documentation is held against the code: generated, complete, and run where it can be."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer

from auditor import decisions, pipeline
from auditor.cli.main import app
from auditor.collect.catalog import all_tables
from auditor.config import Config, known_keys, load_config
from auditor.diff.queries import load_queries
from auditor.diff.settings import load_settings
from auditor.diff.views import view_files
from auditor.report.formats import format_names
from auditor.simcloud.aws import SimAws, generate
from tests.proposals import sealed

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "queries/*.md", "baselines/*.md", "auditor/*/*.md")
    for path in ROOT.glob(pattern)
)
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
BLOCK = re.compile(r"<!-- test -->\n```sh\n(.*?)```", re.DOTALL)
KEY = re.compile(r"^# ?([a-z_]+) = (.+)$")
HEADER = re.compile(r"^(?:# ?)?\[+([a-z.]+)\]+$")


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = generator()


def commands() -> Iterator[tuple[str, Any]]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        yield from ((f"{name} {n}", c) for n, c in inner.items()) if inner else [(name, command)]


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_generated_page_is_fresh(name: str) -> None:
    page = GENERATOR.PAGES[name]()
    assert page == (ROOT / "docs" / name).read_text(encoding="utf-8"), "run make docs"


def test_check_says_what_is_stale(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert GENERATOR.main(["--check"]) == 0
    monkeypatch.setitem(GENERATOR.PAGES, "views.md", lambda: "something else")
    assert GENERATOR.main(["--check"]) == 1
    assert capsys.readouterr().out == "docs/views.md is stale: run make docs\n"


@pytest.mark.parametrize(
    "words",
    [
        [f"audit {name}" for name in COMMANDS],
        [f"`{key}`" for key, _ in known_keys() if "." in key],
        [f"`{name}`" for name in format_names()],
        [query.id for query in load_queries()],
        [setting.id for setting in load_settings()],
        [table.name for table in all_tables()],
        [path.stem for path in view_files()],
    ],
    ids=["commands", "keys", "formats", "queries", "settings", "tables", "views"],
)
def test_everything_is_mentioned(words: list[str]) -> None:
    assert words
    assert [word for word in words if word not in TEXT] == []


def test_every_error_kind_is_named() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("collect", "store")
        for path in (ROOT / "auditor" / folder).rglob("*.py")
        if "tables" not in path.parts or path.name == "ec2_instance_attributes.py"
    )
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    kinds = set(re.findall(r'(?:error_)?kind="([a-z]+)"', code))
    assert {"denied", "shrink", "configuration"} <= kinds
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in page] == []


def test_every_dependency_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {re.split(r"[\[><=]", item)[0] for group in groups for item in group}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert [name for name in sorted(names) if name not in page] == []
    assert [extra for extra in project["optional-dependencies"] if f"`{extra}`" not in page] == []


def written() -> list[str]:
    """Return every command line of `audit` in code: spans, and lines of shell blocks."""
    spans = re.findall(r"`(audit [^`\n]+)`", TEXT)
    blocks = re.findall(r"```(?:sh|cron)\n(.*?)```", TEXT, re.DOTALL)
    return spans + re.findall(r"(?<![/\w])audit [^|\n]+", "\n".join(blocks))


def test_commands_in_the_text_exist() -> None:
    lines = written()
    assert len(lines) > 20
    for line in lines:
        words = re.sub(r'"[^"]*"', "TEXT", line).split()[1:]
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in COMMANDS), None)
        group = any(known.startswith(f"{words[0]} ") for known in COMMANDS)
        assert name or (group and len(words) == 1), line
        if name:
            known = {option for p in COMMANDS[name].params for option in p.opts} | {"--help"}
            assert {word for word in words if word.startswith("-")} <= known, line


def test_keys_in_the_text_exist() -> None:
    known = {key for key, _ in known_keys()}
    found = re.findall(r"`((?:store|run|baseline|aws|report)\.[a-z_.]+)`", TEXT)
    assert {key for key in found if key not in known} <= {"baseline.coverage", "report.html"}


def slugs(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in slugs(path), target


def example() -> dict[str, list[str]]:
    """Return the value of each key in the example file as it is written there."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in (ROOT / "config.example.toml").read_text(encoding="utf-8").splitlines():
        if header := HEADER.match(line):
            section = header[1]
            found.setdefault(section, [])
        elif key := KEY.match(line):
            found.setdefault(f"{section}.{key[1]}", []).append(key[2])
    return found


def test_example_equals_the_defaults() -> None:
    text = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    assert Config.model_validate(tomllib.loads(text)) == Config()


def test_example_has_every_key_with_its_default() -> None:
    found = example()
    for key, info in known_keys():
        assert key in found, key
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        if "." not in key or (default in (None, []) and "[]" not in found[key]):
            continue  # a section, or an example of what has no default
        section, name = key.split(".", 1)
        value = tomllib.loads(f"value = {found[key][0]}")["value"]
        if "." not in name:
            config = Config.model_validate({section: {name: value}})
            assert getattr(getattr(config, section), name) == default, key


def test_example_without_its_comment_signs_is_valid(tmp_path: Path) -> None:
    lines = (ROOT / "config.example.toml").read_text(encoding="utf-8").splitlines()
    active = [
        re.sub(r"^# ?", "", line) if KEY.match(line) or HEADER.match(line) else line
        for line in lines
        # NOTE: a folder and an organization exclude each other.
        if not re.match(r"# (new_|aws_instance_|folder = )", line)
    ]
    text = "\n".join(active).replace("[aws.organization]", "[unused]").split("[unused]")
    rest = text[1][text[1].index("# Microsoft Azure") :]
    (tmp_path / "audit.toml").write_text(text[0] + rest, encoding="utf-8")
    config = load_config(tmp_path / "audit.toml")
    assert config.aws.accounts[0].external_id
    organization = tomllib.loads("[o]\n" + text[1][: text[1].index("# Microsoft Azure")])
    assert Config.model_validate({"aws": {"organization": organization["o"]}}).aws.organization


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """Return a folder for PATH in which `audit` and `python3` are those of this test run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, words in (("audit", "-m auditor.cli.main"), ("python3", "")):
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return folder


def run_blocks(page: str, folder: Path, shell: Path) -> subprocess.CompletedProcess[str]:
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks
    environment = {
        "PATH": f"{shell}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return subprocess.run(
        ["sh", "-eu"],
        input="\n".join(blocks),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_readme_blocks_run(tmp_path: Path, shell: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    done = run_blocks("README.md", folder, shell)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "ec2:DescribeInstances" in done.stdout and "aws_iam_policy" in done.stdout
    assert (folder / "audit.toml").read_bytes() == (ROOT / "config.example.toml").read_bytes()


def test_merge_example_runs(tmp_path: Path, shell: Path) -> None:
    sealed(tmp_path)
    done = run_blocks("docs/before-you-merge.md", tmp_path, shell)
    assert (done.returncode, done.stderr) == (0, "")
    page = (ROOT / "docs" / "before-you-merge.md").read_text(encoding="utf-8")
    assert f"```text\n{done.stdout}```" in page


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a store of two snapshots and an approved baseline."""
    folder = tmp_path_factory.mktemp("audited")
    path = folder / "audit.toml"
    path.write_text(
        '[run]\ntables = ["aws_ec2_instances", "aws_ec2_security_groups"]\n'
        '[aws]\nregions = ["us-east-1"]\n',
        encoding="utf-8",
    )
    config = load_config(path)
    with SimAws(generate(instances=3)) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        pipeline.run(config)
        who = decisions.Who(by="alice", prepared_by="bob", reason="initial inventory")
        decisions.approve(config, decisions.prepare(config, findings=()), who)
        pipeline.run(config)
    return folder


def test_integrity_example_runs(audited: Path, shell: Path) -> None:
    done = run_blocks("docs/integrity.md", audited, shell)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        f"{what}: ok"
        for what in (
            "rows",
            "scope digest",
            "content digest",
            "seal",
            "chain",
            "log line",
            "anchor",
            "baseline version",
        )
    ]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE inventory.aws_ec2_security_groups SET description = 'x'", "rows"),
        ("UPDATE coverage SET digest = md5(digest)", "scope digest"),
        ("UPDATE snapshot SET sealed_at = started_at", "seal"),
    ],
)
def test_integrity_example_finds_what_was_altered(
    audited: Path, shell: Path, tmp_path: Path, change: str, found: str
) -> None:
    folder = tmp_path / "altered"
    shutil.copytree(audited, folder)
    with duckdb.connect(folder / "audit.duckdb") as con:
        con.execute(change)
    done = run_blocks("docs/integrity.md", folder, shell)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"{found}: DIFFERS"
