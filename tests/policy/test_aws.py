"""What policies of AWS allow, case by case: `tests/cases/policies/aws`."""

from __future__ import annotations

import pytest

from tests.policy.cases import Case, judged, load

CASES = load("aws")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    return judged(CASES, tmp_path_factory.mktemp("aws"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, found: dict[str, dict[str, list[str]]]) -> None:
    assert found[str(case)] == case.expected()
