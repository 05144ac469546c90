"""Read each format back, as its readers would, and count what it says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from junitparser import Error, Failure, JUnitXml


@dataclass(frozen=True)
class Counted:
    findings: Mapping[str, Mapping[str, int]]
    """The groups of the summary, and the total."""
    gaps: int
    unapproved: int


def of_findings(findings: Iterable[Mapping[str, str]]) -> dict[str, Mapping[str, int]]:
    """Count findings that carry verdict, severity, status and cloud, by these."""
    found = list(findings)
    active = [finding for finding in found if finding["status"] != "resolved"]
    groups: dict[str, Mapping[str, int]] = {
        f"by_{name}": Counter(finding[name] for finding in active)
        for name in ("verdict", "severity", "cloud")
    }
    groups["by_status"] = Counter(finding["status"] for finding in found)
    groups["total"] = {"total": len(active)}
    return groups


def in_csv(content: bytes) -> Counted:
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    records = Counter(row["record"] for row in rows)
    return Counted(
        of_findings(row for row in rows if row["record"] == "finding"),
        records["gap"],
        records["unapproved"],
    )


def in_sarif(content: bytes) -> Counted:
    (run,) = json.loads(content)["runs"]
    told = run["invocations"][0]["toolExecutionNotifications"]
    notes = Counter(notification["descriptor"]["id"] for notification in told)
    found = of_findings(result["properties"] for result in run["results"])
    return Counted(found, notes["not-read"], notes["not-approved"])


def in_ocsf(content: bytes) -> Counted:
    seen: dict[str, list[dict[str, str]]] = {}
    for event in json.loads(content):
        seen.setdefault(event["finding_info"]["types"][0], []).append(event.get("unmapped", {}))
    gaps, unapproved = (len(seen.get(kind, ())) for kind in ("not-read", "not-approved"))
    return Counted(of_findings(seen.get("drift", ())), gaps, unapproved)


def in_oscal(content: bytes) -> Counted:
    (result,) = json.loads(content)["assessment-results"]["results"]
    seen: dict[str, list[dict[str, str]]] = {}
    for observation in result.get("observations", ()):
        props = {prop["name"]: prop["value"] for prop in observation.get("props", ())}
        seen.setdefault(observation["types"][0], []).append(props)
    gaps, unapproved = (len(seen.get(kind, ())) for kind in ("not-read", "not-approved"))
    return Counted(of_findings(seen.get("finding", ())), gaps, unapproved)


def in_junit(content: bytes) -> Counted:
    suites = {suite.name: list(suite) for suite in JUnitXml.fromstring(content)}
    facts = [
        dict(line.split(": ", 1) for line in case.system_out.split("\n") if ": " in line)
        for case in suites["findings"]
    ]
    ended = Counter(type(result) for case in suites["coverage"] for result in case.result)
    return Counted(of_findings(facts), ended[Error], ended[Failure])


def in_markdown(content: bytes) -> Counted:
    text = content.decode()
    groups = {
        f"by_{name}": {key: int(number) for number, key in re.findall(r"(\d+) (\w+)", counts)}
        for name, counts in re.findall(
            r"^\| (severity|verdict|status|cloud) \| (\d.*) \|$", text, re.M
        )
    }
    told = {
        name: re.search(rf"^(\d+) {words}", text, re.M)
        for name, words in (
            ("total", "findings? hold now"),
            ("gaps", "gaps?: nothing is said"),
            ("unapproved", "scopes? read, but in no approved baseline"),
        )
    }
    numbers = {name: int(found[1]) if found else 0 for name, found in told.items()}
    total = {"total": numbers["total"]}
    return Counted(groups | {"total": total}, numbers["gaps"], numbers["unapproved"])


COUNTERS: Mapping[str, Callable[[bytes], Counted]] = {
    "csv": in_csv,
    "junit": in_junit,
    "markdown": in_markdown,
    "ocsf": in_ocsf,
    "oscal": in_oscal,
    "sarif": in_sarif,
}
