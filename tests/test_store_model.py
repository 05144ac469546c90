"""The store against a plain model of it: random snapshots in, what each one shows out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.model import Scope, Snapshot, Status
from auditor.store.database import reading
from auditor.store.digests import scope_digests
from auditor.store.snapshots import coverage_of
from auditor.store.verify import verify_store
from tests.harness import Lab

TABLES = ("aws_ec2_security_groups", "aws_ec2_ebs_snapshots")
SCOPES = tuple(Scope("aws", "1" * 12, region) for region in ("eu-west-1", "us-east-1"))
KEYS = tuple((table, scope) for table in TABLES for scope in SCOPES)
IDS = ("a", "b", "c")
READ = (Status.COMPLETE, Status.COMPLETE, Status.DENIED, Status.TRUNCATED, None)

Key = tuple[str, Scope]
Content = dict[str, str | None]
"""Name by id: all that these resources say."""

contents = st.dictionaries(
    st.sampled_from(IDS), st.sampled_from(["x", "y", "'\"\n\u202e\U0001f4a3", None])
)
readings = st.fixed_dictionaries({key: st.tuples(st.sampled_from(READ), contents) for key in KEYS})


@dataclass
class Model:
    """What the store must hold after each snapshot."""

    held: dict[Key, Content] = field(default_factory=lambda: {key: {} for key in KEYS})
    versions: int = 0
    shown: list[dict[Key, Content]] = field(default_factory=list)

    def take(self, step: dict[Key, tuple[Status | None, Content]]) -> None:
        for key, (status, content) in step.items():
            if status is not Status.COMPLETE:
                continue
            old = self.held[key]
            self.versions += sum(1 for i, v in content.items() if i not in old or old[i] != v)
            self.held[key] = content
        self.shown.append({key: dict(content) for key, content in self.held.items()})


def rows(step: dict[Key, tuple[Status | None, Content]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for (table, scope), (status, content) in step.items():
        for resource, name in content.items():
            if status is None:
                continue
            row = {"id": resource, "name": name, "region": scope.region}
            found.setdefault(table, []).append(row)
    return found


def take(lab: Lab, step: dict[Key, tuple[Status | None, Content]]) -> Snapshot:
    overrides = {key: status for key, (status, _) in step.items()}
    return lab.seal(rows(step), coverage=overrides, scopes=())


def shown(lab: Lab, number: int) -> dict[Key, Content]:
    found: dict[Key, Content] = {key: {} for key in KEYS}
    with reading(lab.config.store) as con:
        for table in TABLES:
            for region, resource, name in con.execute(
                f"SELECT region, resource_id, name FROM store.inventory.{table} "
                f"WHERE valid_from <= {number} AND valid_to > {number}"
            ).fetchall():
                scope = next(s for s in SCOPES if s.region == region)
                assert resource not in found[table, scope]
                found[table, scope][resource.rsplit("/", 1)[-1]] = name
    return found


def versions(lab: Lab) -> int:
    with reading(lab.config.store) as con:
        return sum(
            len(con.execute(f"SELECT 1 FROM store.inventory.{table}").fetchall())
            for table in TABLES
        )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(readings, min_size=1, max_size=4))
def test_each_snapshot_shows_what_was_read(
    sequence: list[dict[Key, tuple[Status | None, Content]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder), tables=TABLES)
        model = Model()
        digests: dict[str, str] = {}
        for step in sequence:
            snapshot = take(lab, step)
            model.take(step)
            complete = {k: model.held[k] for k in KEYS if step[k][0] is Status.COMPLETE}
            content = repr(sorted((k, sorted(v.items())) for k, v in complete.items()))
            assert digests.setdefault(content, snapshot.digest) == snapshot.digest
            assert versions(lab) == model.versions
        assert len(set(digests.values())) == len(digests)
        for number, expected in enumerate(model.shown, start=1):
            assert shown(lab, number) == expected
        with reading(lab.config.store) as con:
            assert verify_store(con).problems == ()
            for number in range(1, len(sequence) + 1):
                for item in coverage_of(con, number):
                    if item.status is Status.COMPLETE:
                        digest = scope_digests(con, item.table, [item.scope], at=number)
                        assert digest[item.scope] == item.digest
                        assert item.rows == len(model.shown[number - 1][item.table, item.scope])


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(readings, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_no_content(
    step: dict[Key, tuple[Status | None, Content]], random: Any
) -> None:
    shuffled = list(step.items())
    random.shuffle(shuffled)
    other = {
        key: (status, dict(sorted(content.items(), reverse=True)))
        for key, (status, content) in shuffled
    }
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first = take(Lab(Path(one), tables=TABLES), step)
        second = take(Lab(Path(two), tables=TABLES), other)
    assert (first.digest, first.rows) == (second.digest, second.rows)


def test_the_same_snapshot_again_adds_no_version(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=TABLES)
    step: dict[Key, tuple[Status | None, Content]] = {
        key: (Status.COMPLETE, {"a": "x", "b": None}) for key in KEYS
    }
    seals = [take(lab, step) for _ in range(3)]
    assert versions(lab) == 2 * len(KEYS)
    assert len({s.digest for s in seals}) == 1
    assert len({s.seal for s in seals}) == 3
    assert [s.previous_digest for s in seals] == [None, seals[0].seal, seals[1].seal]


def test_a_resource_listed_twice_is_stored_once_as_last_seen(tmp_path: Path) -> None:
    lab = Lab(tmp_path, tables=TABLES)
    twice = [{"id": "a", "name": name} for name in ("old", "older", "new")]
    lab.seal({TABLES[0]: twice})
    assert shown(lab, 1)[TABLES[0], SCOPES[0]] == {"a": "new"}
    with reading(lab.config.store) as con:
        item = next(c for c in coverage_of(con, 1) if c.table == TABLES[0])
    assert (item.rows, item.detail) == (1, "1 listed twice, the later reading kept")


def test_a_seal_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(tmp_path, tables=TABLES)
    lab.seal({TABLES[0]: [{"id": "a", "name": "x"}]})

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.store.seal.content_digest", fail)
    with pytest.raises(KeyboardInterrupt):
        lab.seal({TABLES[0]: [{"id": "a", "name": "y"}]})
    monkeypatch.undo()
    assert shown(lab, 2)[TABLES[0], SCOPES[0]] == {"a": "x"}
    assert not list(tmp_path.glob(".stage-*"))
    assert lab.seal({TABLES[0]: [{"id": "a", "name": "y"}]}).id == 2
    with reading(lab.config.store) as con:
        assert verify_store(con).problems == ()
