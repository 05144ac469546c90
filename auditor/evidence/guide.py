"""VERIFY.md: what the files are, and how to check them with standard tools."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import jinja2

from auditor.baseline import sshsig
from auditor.config import Config
from auditor.evidence import signing
from auditor.evidence.facts import Facts
from auditor.report.plain import rfc3339

_FILES: Mapping[str, str] = {
    "runs.csv": "every run of the period: when, with what outcome, digest, seal of the chain",
    "missed-runs.csv": "when a run was due and did not start (empty without `run.every`)",
    "coverage.csv": "for each table, account and region: in how many runs it was read whole",
    "gaps.csv": "what could not be read, in which run and why: unknown, not clean",
    "inventory.csv": "how many resources were held at the last complete reading",
    "findings.csv": "every finding that held in the period, and what became of it",
    "finding-events.csv": "when each appeared, changed, was waived, ended",
    "approvals.csv": "the approval log as a table",
    "approvals.jsonl": "the approval log: canonical JSON lines, each with the hash of the last",
    "approvals.d/": "signatures of its lines",
    "allowed_signers": "who may approve, with which key, from when until when",
    "revoked_keys": "keys whose signatures do not count",
    "baselines.csv": "the versions of the baseline: who approved each, when, why",
    "baseline-changes.csv": "what versions approved in the period changed",
    "baseline/": "the version in force at the end of the period, row by row",
    "controls/": "controls of frameworks, the files that answer them, findings about them",
    "findings.json": "the findings as the program's own JSON",
    "findings.ocsf.json": "the findings as OCSF Compliance Findings",
    "assessment-results.json": "the findings as OSCAL assessment results",
    "report.html": "the findings for a browser, without scripts from elsewhere",
    "queries/": "the rules: drift queries in SQL, settings, policy semantics, maps of frameworks",
    "configuration.json": "what was to be audited, and how",
    "permissions/": "what the read-only roles must be allowed",
    "tables.json": "which columns of each table are compared, and which are left out as volatile",
    "signer.pub.pem": "public key of the plain signature",
}


def guide(facts: Facts, config: Config, files: Collection[str]) -> bytes:
    """Return the guide to a bundle with these files."""
    names = signing.expected(config)
    period = facts.period
    text = _template().render(
        period=period,
        start=rfc3339(period.start),
        end=rfc3339(period.end),
        until=rfc3339(facts.until),
        unfinished=facts.until < period.end,
        ssh=signing.SSH if signing.SSH in names else "",
        plain=signing.PLAIN if signing.PLAIN in names else "",
        stamp=signing.STAMP if signing.STAMP in names else "",
        dsse=signing.DSSE,
        oscal_dsse=signing.OSCAL_DSSE,
        oscal=signing.OSCAL,
        public_key=signing.PUBLIC_KEY,
        namespace=signing.NAMESPACE,
        approval_namespace=sshsig.NAMESPACE,
        signed=any(name.startswith("approvals.d/") for name in files),
        described=[
            (f"`{name}`", text)
            for name, text in _FILES.items()
            if any(file == name or (name[-1] == "/" and file.startswith(name)) for file in files)
        ],
    )
    return text.encode()


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - Markdown; nothing from outside but a checked period
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    source = Path(__file__).with_name("guide.md.j2").read_text(encoding="utf-8")
    return environment.from_string(source)
