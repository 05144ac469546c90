"""A layer for MITRE's ATT&CK Navigator: the techniques that open findings point to.

Layer format 4.5 (github.com/mitre-attack/attack-navigator, layers/spec/v4.5). The score of a
technique is that of its most severe open finding; 0 means watched, and nothing open. What was not
read is in the description, since the layer says nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from auditor.frameworks import Technique, load_attack
from auditor.model import AuditRun, Finding, Severity
from auditor.report.plain import count, rfc3339, visible
from auditor.report.summary import summarise

EXTENSION = "json"
MEDIA_TYPE = "application/json"

_LAYER, _NAVIGATOR = "4.5", "5.2.0"
_SCORES: Mapping[Severity, int] = {
    Severity.INFO: 10,
    Severity.LOW: 25,
    Severity.MEDIUM: 50,
    Severity.HIGH: 75,
    Severity.CRITICAL: 100,
}
_COLOURS = ("#ffffff", "#ffe066", "#d9480f")
_LINES = 5
"""Findings of a technique that its comment names."""


def render(run: AuditRun) -> bytes:
    """Render the layer as indented JSON that ends in a line break."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(_layer(run), option=options)


def _layer(run: AuditRun) -> dict[str, Any]:
    attack = load_attack()
    found: dict[str, list[Finding]] = {}
    for finding in run.active:
        for technique in finding.attack:
            found.setdefault(technique, []).append(finding)
    ids = sorted({*attack.techniques, *found})
    return {
        "name": f"Drift of snapshot {run.snapshot.id}",
        "versions": {"attack": attack.version, "navigator": _NAVIGATOR, "layer": _LAYER},
        "domain": "enterprise-attack",
        "description": _description(run),
        "filters": {"platforms": ["IaaS"]},
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "expandedSubtechniques": "annotated"},
        "techniques": [_technique(id, attack.techniques.get(id), found.get(id, ())) for id in ids],
        "gradient": {"colors": list(_COLOURS), "minValue": 0, "maxValue": 100},
        "legendItems": [
            {"label": "watched, nothing open", "color": _COLOURS[0]},
            {"label": "open, most severe: critical", "color": _COLOURS[-1]},
        ],
    }


def _description(run: AuditRun) -> str:
    summary = summarise(run)
    gaps = summary["coverage"]["gaps"]
    against = (
        f"baseline {run.baseline.name} v{run.baseline.version}" if run.baseline else "no baseline"
    )
    unread = f"; {count(gaps, 'scope')} could not be read and say nothing" if gaps else ""
    return visible(
        f"{count(summary['total'], 'finding')} of snapshot {run.snapshot.id}, sealed "
        f"{rfc3339(run.snapshot.sealed_at)}, against {against}{unread}"
    )


def _technique(id: str, known: Technique | None, found: Sequence[Finding]) -> dict[str, Any]:
    score = max((_SCORES[finding.severity] for finding in found), default=0)
    metadata = [{"name": "open findings", "value": str(len(found))}]
    if known is not None:
        for old, last in known.was.items():
            metadata.append({"name": f"id until version {last}", "value": old})
        if known.detection:
            metadata.append({"name": "detection", "value": f"{known.detection} / {known.analytic}"})
    return {
        "techniqueID": id,
        "score": score,
        "comment": _comment(found),
        "metadata": metadata,
        "showSubtechniques": "." not in id,
    }


def _comment(found: Sequence[Finding]) -> str:
    """Name the most severe findings, a line each; the report has the rest."""
    ranked = sorted(found, key=lambda f: (f.severity.rank, f.query_id, f.resource_id))
    lines = [f"{f.severity.value}: {f.title} - {f.resource_id}" for f in ranked[:_LINES]]
    if len(ranked) > _LINES:
        lines.append(f"and {len(ranked) - _LINES} more")
    return "\n".join(visible(line) for line in lines)
