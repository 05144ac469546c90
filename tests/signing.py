"""People with SSH keys, and a lab whose approvals they sign; keys are made by `ssh-keygen`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from auditor import decisions
from auditor.baseline.approve import Approval, Approved, approve_findings, approve_snapshot
from auditor.baseline.log import Entry, read_log
from auditor.baseline.record import sign_again
from auditor.baseline.signatures import files
from auditor.config import ApprovalPolicy
from auditor.model import Finding
from auditor.store.database import writing
from auditor.store.snapshots import latest_snapshot
from tests.harness import Lab

needs_ssh_keygen = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"
)


def make_key(folder: Path, name: str) -> Path:
    """Make a key and return the path of its private half."""
    path = folder / name
    if not path.exists():
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]
        subprocess.run(argv, check=True)
    return path


def public(key: Path) -> str:
    return " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])


class Office:
    """Alice and Bob, whom allowed_signers names, and Mallory, whom it does not."""

    def __init__(self, lab: Lab, **settings: Any) -> None:
        self.lab = lab
        self.folder = lab.config.store.path.parent
        self.allowed = self.folder / "allowed_signers"
        self.allow(alice="", bob="")
        self.set(allowed_signers=self.allowed, **settings)

    def key(self, person: str) -> Path:
        return make_key(self.folder, person)

    def allow(self, **people: str) -> None:
        """Write allowed_signers: people with the options of their keys."""
        self.allowed.write_text(
            "# who may approve\n"
            + "".join(
                f"{name}@example.com {options} {public(self.key(name))}\n"
                for name, options in people.items()
            )
        )

    def set(self, **settings: Any) -> None:
        if "policy" in settings:
            settings["policy"] = [ApprovalPolicy(**rule) for rule in settings["policy"]]
        baseline = self.lab.config.baseline.model_copy(update=settings)
        self.lab.config = self.lab.config.model_copy(update={"baseline": baseline})

    def approve(
        self,
        person: str,
        findings: Sequence[Finding] = (),
        *,
        by: str | None = None,
        prepared_by: str = "carol",
    ) -> Approved:
        """Approve the newest snapshot, or findings, with a person's key."""
        at = self.lab.clock()
        self.set(signing_key=self.key(person))
        name = by or decisions.decider(self.lab.config)
        who = Approval(name, prepared_by, "as planned", at)
        with writing(self.lab.config.store, now=at) as con:
            newest = latest_snapshot(con)
            assert newest is not None
            if findings:
                return approve_findings(con, self.lab.config.baseline, who, newest, findings)
            return approve_snapshot(con, self.lab.config.baseline, who, newest)

    def sign(self, person: str, line: int | None = None) -> None:
        """Add a person's signature to a line, by default the newest."""
        self.set(signing_key=self.key(person))
        entry = self.lines()[(line or 0) - 1]
        config = self.lab.config
        sign_again(config.baseline, entry, decisions.decider(config), at=self.lab.clock())

    def lines(self) -> list[Entry]:
        return read_log(self.lab.config.baseline.approvals)

    def signatures(self, line: int = 1) -> list[Path]:
        return files(self.lab.config.baseline.approvals, line)
