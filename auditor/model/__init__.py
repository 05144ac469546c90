"""The types that stages of the pipeline hand to each other: plain, frozen data.

The words are the project's glossary; see `docs/concepts.md`.
"""

from auditor.model.types import (
    AuditRun,
    Baseline,
    ColumnSpec,
    Coverage,
    Finding,
    JsonValue,
    Query,
    Row,
    Scope,
    SkippedQuery,
    Snapshot,
    TableSpec,
)
from auditor.model.words import (
    GLOBAL,
    FindingStatus,
    Outcome,
    Severity,
    Status,
    Verdict,
)

__all__ = [
    "GLOBAL",
    "AuditRun",
    "Baseline",
    "ColumnSpec",
    "Coverage",
    "Finding",
    "FindingStatus",
    "JsonValue",
    "Outcome",
    "Query",
    "Row",
    "Scope",
    "Severity",
    "SkippedQuery",
    "Snapshot",
    "Status",
    "TableSpec",
    "Verdict",
]
