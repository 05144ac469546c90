"""Whether the tables of a bundle fit each other: seals, heads of the approval log, counts."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any


def broken_links(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yield what contradicts the chain of runs, or the counts that the manifest names."""
    runs = _rows(files, "runs.csv")
    before = manifest["snapshots"]["seal_before"] or ""
    heads = {hashlib.sha256(line).hexdigest() for line in files["approvals.jsonl"].split(b"\n")}
    number = None
    for row in runs:
        where = f"runs.csv: snapshot {row['snapshot']}"
        if number is not None and int(row["snapshot"]) != number + 1:
            yield f"{where}: snapshot {number + 1} is missing"
        elif row["previous_seal"] != before:
            yield f"{where}: it does not continue the run before it"
        if row["approval_head"] and row["approval_head"] not in heads:
            yield f"{where}: the approval log lost lines that this run has seen"
        before, number = row["seal"], int(row["snapshot"])
    if before != manifest["snapshots"]["last_seal"]:
        yield "runs.csv: the manifest names another last seal"
    counted = {
        "runs": len(runs),
        "gaps": len(_rows(files, "gaps.csv")),
        "findings": dict(Counter(r["disposition"] for r in _rows(files, "findings.csv"))),
    }
    for name, count in counted.items():
        if manifest[name] != count:
            yield f"manifest.json: {name} says {manifest[name]}, the tables {count}"


def _rows(files: Mapping[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[name].decode(), newline="")))
