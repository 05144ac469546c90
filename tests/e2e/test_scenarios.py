"""What is found when something happens between two runs: each case file lists all of it."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import LOGS, Found, Scene, approved, copy_store, scene

CASES = sorted((Path(__file__).parents[1] / "cases" / "scenarios").glob("*.toml"))


@cache
def case(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


VARIANTS = [(path, logs) for path in CASES for logs in case(path).get("logs", [True])]


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Approved stores, made once for each cloud, with its log and without."""

    @cache
    def made(cloud: str, logs: bool) -> Path:
        folder = tmp_path_factory.mktemp(f"approved-{cloud}")
        approved(cloud, folder, logs=logs)
        return folder

    return made


def listed(findings: list[dict[str, str]], *, logs: bool) -> Counter[Found]:
    """The findings of a case file; those with `log` are told only where the log is read."""
    found: Counter[Found] = Counter()
    for f in findings:
        if logs or not f.get("log"):
            about = f["query"], f["verdict"], f["severity"], f["about"]
            found[about] += int(f.get("times", 1))
    return found


@pytest.mark.parametrize(
    ("path", "logs"),
    VARIANTS,
    ids=[f"{path.stem}{'' if logs else '-unlogged'}" for path, logs in VARIANTS],
)
def test_scenario(path: Path, logs: bool, stores: Any, tmp_path: Path) -> None:
    told = case(path)
    copy_store(stores(told["cloud"], logs), tmp_path)
    with scene(told["cloud"], tmp_path, logs=logs) as here:
        for number, part in enumerate(told["round"], start=1):
            live(here, part, f"{path.stem}, round {number}", logs=logs)


def live(here: Scene, part: dict[str, Any], name: str, *, logs: bool) -> None:
    """Let a round happen, audit it, and hold what is found against the file."""
    for step in part["play"]:
        here.play(**step)
    code, findings = here.audit()
    assert here.told(findings) == listed(part.get("finding", []), logs=logs), name
    assert code == part.get("exit_code", 3 if findings else 0), name
    assert not [f for f in findings if logs and part.get("who") and not attributed(f, part["who"])]
    if part.get("approve"):
        prefixes = [f["fingerprint"] for f in findings]
        wanted = [text for prefix in prefixes for text in ("--finding", prefix)]
        done = here.cli("baseline", "approve", *wanted, "--reason", part["approve"], "--yes")
        assert done.returncode == 0, done.stderr


def attributed(finding: dict[str, Any], who: str) -> bool:
    """Tell whether a finding names who did it, or is about something that no event is of."""
    attribution = finding["attribution"] or {}
    return who in str(attribution.get("principal", who))


def test_each_cloud_has_the_chain_with_and_without_its_log() -> None:
    chains = {(case(p)["cloud"], logs) for p, logs in VARIANTS if "T1578.002" in case(p)["attack"]}
    assert chains >= {(cloud, logs) for cloud in LOGS for logs in (True, False)}
    techniques = {t for p in CASES for t in case(p)["attack"]}
    assert techniques >= {f"T1578.00{number}" for number in range(1, 6)}
