"""Signatures of the approval log: one file per signer and line, beside the log.

Line 2 of `approvals.jsonl`, with its newline, is what `approvals.d/000002.<principal>.sig` signs.
The name in the file name is for people; who signed is what allowed_signers says of the key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from auditor.baseline import sshsig
from auditor.baseline.log import Entry
from auditor.config import BaselineConfig
from auditor.errors import BaselineError, IntegrityError

_NAME = re.compile(r"^(\d{6,})\.(.+)\.sig$")


def trust(config: BaselineConfig) -> sshsig.Trust | None:
    """Return whose signatures count, or None where approvals need none.

    Raises `MissingProgramError` without `ssh-keygen`, and `BaselineError` for a file that is
    named and not there: without it nothing can be shown.
    """
    if config.allowed_signers is None:
        return None
    sshsig.require()
    for path in (config.allowed_signers, config.revoked_keys):
        if path is not None and not os.access(path, os.R_OK):
            raise BaselineError(
                "the file cannot be read",
                where=str(path),
                hint="baseline.allowed_signers and baseline.revoked_keys name what is trusted",
            )
    return sshsig.Trust(config.allowed_signers, config.revoked_keys)


def principal(config: BaselineConfig) -> str | None:
    """Return whom allowed_signers names for the signing key, if anyone."""
    if config.signing_key is None or config.allowed_signers is None:
        return None
    names = sshsig.principals_of(config.allowed_signers, sshsig.public_key(config.signing_key))
    return names[0] if names else None


def folder(approvals: Path) -> Path:
    """Return the folder with the signatures of an approval log."""
    return approvals.with_suffix(".d")


def files(approvals: Path, number: int) -> list[Path]:
    """Return the signatures of one line, sorted by name."""
    return sorted(folder(approvals).glob(f"{number:06}.*.sig"))


def check_files(approvals: Path, entries: Sequence[Entry]) -> None:
    """Refuse signatures of lines that the log no longer has."""
    for path in sorted(folder(approvals).glob("*")):
        found = _NAME.match(path.name)
        if not found or not 1 <= int(found[1]) <= len(entries):
            raise IntegrityError(
                f"a signature without its line: the approval log has {len(entries)} lines",
                where=str(path),
                hint="restore the log from a copy that you trust; where an approval was "
                "interrupted here, remove this file and approve again",
            )


def check_intact(approvals: Path, entries: Sequence[Entry]) -> None:
    """Refuse a signature that does not fit its line, whoever made it; of old lines, too."""
    check_files(approvals, entries)
    for entry in entries:
        for path in files(approvals, entry.number):
            if problem := sshsig.damage(path, entry.data):
                raise _refused(path, f"line {entry.number} of the approval log: {problem}")


def signers(config: BaselineConfig, entry: Entry) -> tuple[str, ...]:
    """Return who signed a line, judged at the time that the line says; the approver first.

    Raises `IntegrityError` for a line without signature and for one that does not count.
    """
    trusted = trust(config)
    if trusted is None:
        return ()
    claimed, at = str(entry.content["approved_by"]), entry.approved_at
    names: dict[str, str] = {}
    for path in files(config.approvals, entry.number):
        name, problem = sshsig.signer(trusted, path, entry.data, claimed=claimed, at=at)
        if problem:
            raise _refused(path, f"line {entry.number} of the approval log: {problem}")
        names[sshsig.key_of(path.read_bytes()) or path.name] = name
    where = config.approvals.with_name(f"{config.approvals.name}:{entry.number}")
    if not names:
        raise _refused(where, "the line of the approval log is not signed")
    if claimed not in names.values():
        raise _refused(where, f"approved by {claimed}, who did not sign it")
    return (claimed, *sorted(set(names.values()) - {claimed}))


def make(config: BaselineConfig, entry: Entry, person: str, *, at: datetime) -> bytes | None:
    """Sign a line with the configured key, and check that the signature counts now.

    Returns None where no key is configured and none is needed. Raises `BaselineError`.
    """
    trusted = trust(config)
    if config.signing_key is None:
        if trusted is None:
            return None
        raise BaselineError(
            "approvals must be signed, and there is no signing key",
            hint="name your SSH key in baseline.signing_key, or run with --key FILE",
        )
    signature = sshsig.sign(config.signing_key, entry.data)
    if trusted is None:
        return signature
    trial = folder(config.approvals).with_name(f".{config.approvals.name}.{os.getpid()}.sig")
    _write(trial, signature)
    try:
        name, problem = sshsig.signer(trusted, trial, entry.data, claimed=person, at=at)
    finally:
        trial.unlink()
    if problem or name != person:
        raise BaselineError(
            f"{person} cannot approve with this key: {problem or f'it is the key of {name}'}",
            where=str(config.signing_key),
            hint="nothing was approved; baseline.allowed_signers says who may approve",
        )
    return signature


def store(config: BaselineConfig, number: int, person: str, signature: bytes) -> Path:
    """Write a signature beside the log; the caller holds the run lock."""
    label = re.sub(r"[^A-Za-z0-9@._+-]", "_", person)[:100] or "_"
    path = folder(config.approvals) / f"{number:06}.{label}.sig"
    if path.exists():
        raise BaselineError(f"{person} has signed this line already", where=str(path))
    _write(path, signature)
    return path


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        raise BaselineError(
            f"the signature cannot be written: {exc.strerror}",
            where=str(path),
            hint="nothing was approved",
        ) from exc


def _refused(path: Path, why: str) -> IntegrityError:
    return IntegrityError(
        why,
        where=str(path),
        hint="the baseline is refused until an allowed signer has signed the line "
        "(audit baseline sign), or log and signatures are restored from a copy",
    )
