"""Repeat every check that VERIFY.md describes, and say for each what came out."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from auditor.baseline import sshsig
from auditor.baseline.log import read_log
from auditor.baseline.reading import read_export
from auditor.baseline.signatures import check_intact, signers
from auditor.config import BaselineConfig
from auditor.errors import IntegrityError
from auditor.evidence import bundle, openssl
from auditor.evidence.chain import broken_links
from auditor.evidence.signing import (
    DSSE,
    NAMESPACE,
    OSCAL,
    OSCAL_DSSE,
    PLAIN,
    PUBLIC_KEY,
    SSH,
    STAMP,
    subject,
)
from auditor.store.hashing import canonical

SIGNATURES = (SSH, PLAIN, DSSE, OSCAL_DSSE, STAMP)
_LOOSE = (*SIGNATURES, bundle.MANIFEST, bundle.SUMS)
"""Files that the manifest does not list."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check."""

    what: str
    problems: tuple[str, ...] = ()
    note: str = ""
    """What it rests on, or why it was not made."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the verifier brings along; what is missing is taken from the bundle, and that is said.

    Whatever is given must be matched: a bundle without that signature fails.
    """

    allowed_signers: Path | None = None
    revoked_keys: Path | None = None
    public_key: Path | None = None
    authority: Path | None = None
    """Certificates (PEM) of the time-stamping authority."""

    def lists(self, here: Path) -> dict[str, Path | None]:
        """Return who may sign and which keys do not count: as given, else as the bundle has it."""
        inside = {name: here / name for name in ("allowed_signers", "revoked_keys")}
        return {
            name: getattr(self, name) or (path if path.exists() else None)
            for name, path in inside.items()
        }


def verify_bundle(path: Path, trusted: Trusted, *, at: datetime) -> list[Check]:
    """Return the checks of a bundle, signatures judged at a time.

    Raises `UsageError` where there is no bundle, and `IntegrityError` for a damaged manifest or
    zip, after which nothing else can be said.
    """
    files = bundle.read(path)
    manifest = bundle.read_manifest(files[bundle.MANIFEST])
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        _unpack(files, here)
        signed = _Signed(files, manifest, here, trusted, at)
        return [
            Check("every file is as the manifest lists it", tuple(_altered(files, manifest))),
            Check("the sums for sha256sum fit", tuple(_sums(files))),
            _log(here, trusted, manifest),
            *_baselines(here, trusted),
            _guarded("the chain of runs is whole", lambda: tuple(broken_links(files, manifest))),
            signed.ssh(),
            signed.plain(),
            *signed.envelopes(),
            signed.stamp(),
        ]


def _altered(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    listed = {str(file["name"]): file for file in manifest["files"]}
    for name in sorted(listed.keys() | files.keys() - set(_LOOSE)):
        content, said = files.get(name), listed.get(name)
        if said is None:
            yield f"{name}: the manifest does not list it"
        elif content is None:
            yield f"{name}: it is missing"
        elif hashlib.sha256(content).hexdigest() != said["sha256"]:
            yield f"{name}: it was altered"
        elif len(content) != said["bytes"]:
            yield f"{name}: the manifest names another length"


def _sums(files: Mapping[str, bytes]) -> Iterator[str]:
    about = {n: c for n, c in files.items() if n not in (*SIGNATURES, bundle.SUMS)}
    wanted, found = bundle.sums(about), files.get(bundle.SUMS, b"")
    if found != wanted:
        lines = zip(found.split(b"\n"), wanted.split(b"\n"), strict=False)
        line = next((n for n, (a, b) in enumerate(lines, start=1) if a != b), 1)
        yield f"{bundle.SUMS}:{line}: it does not name the files as they are"


def _log(here: Path, trusted: Trusted, manifest: Mapping[str, Any]) -> Check:
    log = here / "approvals.jsonl"
    config = BaselineConfig(approvals=log, **trusted.lists(here))
    is_signed = config.allowed_signers is not None

    def read() -> tuple[str, ...]:
        entries, said = read_log(log), manifest["approval_log"]
        head = entries[-1].sha256 if entries else None
        if (len(entries), head) != (said["lines"], said["head"]):
            return ("approvals.jsonl: the manifest names another head: its tail was cut or added",)
        if is_signed:
            check_intact(log, entries)
            for entry in entries:
                signers(config, entry)  # NOTE: refuses a line that no allowed signer signed.
        return ()

    return _guarded(f"the approval log is whole{' and signed' if is_signed else ''}", read)


def _baselines(here: Path, trusted: Trusted) -> Iterator[Check]:
    for path in sorted((here / "baseline").glob("*")):
        config = BaselineConfig(approvals=path / "approvals.jsonl", **trusted.lists(here))

        def read(path: Path = path, config: BaselineConfig = config) -> tuple[str, ...]:
            read_export(path, config)
            return ()

        yield _guarded(f"baseline {path.name} is what was approved", read)


def _guarded(what: str, check: Any) -> Check:
    """Return a check whose refusal is its problem."""
    try:
        return Check(what, check())
    except IntegrityError as exc:
        where = f"{_relative(exc.where)}: " if exc.where else ""
        return Check(what, (f"{where}{exc.message}",))


def _relative(where: str) -> str:
    """Return a place without the folder that the bundle was unpacked to."""
    for part in ("/baseline/", "/approvals.", "/allowed_signers", "/revoked_keys"):
        if part in where:
            return where[where.index(part) + 1 :]
    return where


@dataclass(frozen=True, slots=True)
class _Signed:
    """The signatures over the manifest."""

    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    here: Path
    trusted: Trusted
    at: datetime

    @property
    def data(self) -> bytes:
        """What is signed."""
        return self.files[bundle.MANIFEST]

    def ssh(self) -> Check:
        """Check the SSH signature."""
        what, lists = "SSH signature of the manifest", self.trusted.lists(self.here)
        if check := self._absent(what, SSH, self.trusted.allowed_signers):
            return check
        allowed = lists["allowed_signers"]
        if allowed is None:
            problem = sshsig.damage(self.here / SSH, self.data, namespace=NAMESPACE)
            note = "by a key that nothing here vouches for: give --allowed-signers"
            return Check(what, (f"{SSH}: {problem}",) if problem else (), note)
        trust = sshsig.Trust(allowed, lists["revoked_keys"], NAMESPACE)
        name, why = sshsig.signer(trust, self.here / SSH, self.data, claimed="", at=self.at)
        source = "" if self.trusted.allowed_signers else ", by the bundle's own list of signers"
        return Check(what, (f"{SSH}: {why}",) if why else (), f"{name}{source}" if name else "")

    def plain(self) -> Check:
        """Check the plain signature."""
        what = "plain signature of the manifest"
        if check := self._absent(what, PLAIN, self.trusted.public_key):
            return check
        is_good = openssl.is_signed(self._public(), self.data, self.files[PLAIN])
        problems = () if is_good else (f"{PLAIN}: the key did not sign this manifest",)
        return Check(what, problems, self._key_note())

    def envelopes(self) -> Iterator[Check]:
        """Check the DSSE envelopes."""
        for name, about in ((DSSE, bundle.MANIFEST), (OSCAL_DSSE, OSCAL)):
            what = f"DSSE envelope about {about}"
            if check := self._absent(what, name, self.trusted.public_key):
                yield check
                continue
            yield Check(what, tuple(self._envelope(name, about)), self._key_note())

    def stamp(self) -> Check:
        """Check the time stamp."""
        what, authority = "time stamp of the manifest", self.trusted.authority
        if check := self._absent(what, STAMP, authority):
            return check
        if authority is None:
            return Check(what, (), "not checked: give --tsa with the authority's certificates")
        why = openssl.is_stamped(self.files[STAMP], self.data, authority)
        text = openssl.stamp_text(self.files[STAMP])
        time = next((x for x in text.splitlines() if x.startswith("Time stamp:")), "")
        return Check(what, (f"{STAMP}: {why}",) if why else (), time.removeprefix("Time stamp: "))

    def _absent(self, what: str, name: str, wanted: Path | None) -> Check | None:
        if name in self.files:
            return None
        if name in self.manifest["signatures"] or wanted is not None:
            return Check(what, (f"{name}: it is missing",))
        return Check(what, (), "there is none")

    def _envelope(self, name: str, about: str) -> Iterator[str]:
        content = self.files.get(about, b"")
        try:
            found = subject(self.files[name], self._public())
            if about == OSCAL:
                content = canonical(orjson.loads(content))
        except ValueError as exc:
            yield f"{name}: {exc}"
            return
        if found != (about, hashlib.sha256(content).hexdigest()):
            yield f"{name}: it is about another file"

    def _public(self) -> bytes:
        given = self.trusted.public_key
        return given.read_bytes() if given else self.files.get(PUBLIC_KEY, b"")

    def _key_note(self) -> str:
        return "" if self.trusted.public_key else "by the bundle's own public key"


def _unpack(files: Mapping[str, bytes], here: Path) -> None:
    """Write the files where programs can read them; refuses names that lead elsewhere."""
    for name, content in files.items():
        target = (here / name).resolve()
        if not target.is_relative_to(here.resolve()):
            raise IntegrityError("a file's name leads out of the bundle", where=name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
