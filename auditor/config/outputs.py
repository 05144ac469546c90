"""Sections about what the program writes: reports of runs, evidence of a period."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from auditor.config.kinds import Section


class ReportConfig(Section):
    """Files that every run writes."""

    directory: Path = Field(Path("reports"), description="Folder for the reports of each run.")
    formats: list[str] = Field(["json", "html"], description="Formats that every run writes.")


class EvidenceConfig(Section):
    """What `audit evidence export` writes, and who signs it."""

    directory: Path = Field(Path("evidence"), description="Folder for exported evidence.")
    signing_key: Path | None = Field(
        None,
        description="SSH key that signs evidence: a private key, or the public one of a key that "
        "the agent holds. Empty: baseline.signing_key.",
    )
    pem_key: Path | None = Field(
        None,
        description="Private key (PEM; Ed25519 or NIST P-256) for a plain signature and DSSE "
        "envelopes, which `openssl` and OSCAL tools check.",
    )
    timestamp_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Time-stamping authority (RFC 3161) that is asked to stamp the manifest.",
    )
