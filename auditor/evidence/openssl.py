"""Signatures and time stamps by `openssl`, the program that a third party checks them with.

A plain signature is over the bytes of a file: Ed25519 (RFC 8032), or ECDSA with NIST P-256 and
SHA-256. Time stamps are RFC 3161. Private keys are never read, stored or printed by this program.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from auditor.errors import EvidenceError, MissingProgramError

_HUMAN = 300
"""Seconds that a person may take to type a passphrase."""
_KINDS = {"ED25519": (), "NIST CURVE: P-256": ("-digest", "sha256")}
"""What `openssl pkey -text` says of the keys that can sign -> options of `openssl pkeyutl`."""


def require() -> str:
    """Return the path of `openssl`; raises `MissingProgramError` where there is none."""
    found = shutil.which("openssl")
    if found is None:
        raise MissingProgramError(
            "plain signatures and time stamps need openssl, which is not installed",
            hint="install it (Debian: openssl)",
        )
    return found


def public_half(key: Path) -> bytes:
    """Return the public key (PEM) of a private one; raises `EvidenceError`."""
    return _succeed(["pkey", "-in", str(key), "-pubout"], key, "the key cannot be read")


def sign(key: Path, public: bytes, data: bytes) -> bytes:
    """Return a plain signature over data by a key with this public half.

    Raises `EvidenceError`.
    """
    options = _options(public, key)
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        argv = ["pkeyutl", "-sign", "-rawin", *options, "-inkey", str(key), "-in", file.name]
        return _succeed(argv, key, "openssl could not sign")


def is_signed(public: bytes, data: bytes, signature: bytes) -> bool:
    """Say whether a plain signature over data is by the key whose public half this is (PEM)."""
    try:
        options = _options(public, None)
    except EvidenceError:
        return False
    with tempfile.TemporaryDirectory() as folder:
        names = {"key": public, "data": data, "signature": signature}
        paths = {name: Path(folder, name) for name in names}
        for name, content in names.items():
            paths[name].write_bytes(content)
        argv = ["pkeyutl", "-verify", "-rawin", *options, "-pubin", "-inkey", str(paths["key"])]
        argv += ["-in", str(paths["data"]), "-sigfile", str(paths["signature"])]
        return not _call(argv).returncode


def stamp(url: str, data: bytes, *, timeout: float = 30) -> bytes:
    """Return the reply of a time-stamping authority about data; raises `EvidenceError`."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        argv = ["ts", "-query", "-data", file.name, "-sha256", "-cert"]
        query = _succeed(argv, None, "openssl could not ask for a time stamp")
    request = urllib.request.Request(  # noqa: S310 - the configuration allows http and https only
        url, data=query, headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            reply = answer.read(1_000_000)
    except (OSError, urllib.error.URLError) as exc:
        raise EvidenceError(
            f"the time-stamping authority did not answer: {exc}",
            where=url,
            hint="nothing was written; try again, or leave evidence.timestamp_url empty",
        ) from exc
    if "Status: Granted." not in stamp_text(reply):
        raise EvidenceError(
            "the time-stamping authority granted no time stamp",
            where=url,
            hint="nothing was written; is it an RFC 3161 address?",
        )
    return bytes(reply)


def stamp_text(reply: bytes) -> str:
    """Return what `openssl` prints of a reply: status, time, policy; empty where it is none."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(reply)
        file.flush()
        done = _call(["ts", "-reply", "-in", file.name, "-text"])
        return done.stdout.decode(errors="replace")


def is_stamped(reply: bytes, data: bytes, authority: Path) -> str:
    """Return why a time stamp does not hold under the certificates of an authority, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file, answer = Path(folder, "data"), Path(folder, "reply")
        file.write_bytes(data)
        answer.write_bytes(reply)
        argv = ["ts", "-verify", "-data", str(file), "-in", str(answer), "-CAfile", str(authority)]
        done = _call(argv)
    if not done.returncode:
        return ""
    said = [line for line in done.stderr.decode(errors="replace").splitlines() if "error" in line]
    return said[-1].rsplit(":", 1)[-1] if said else "openssl ts -verify refused it"


def _options(public: bytes, key: Path | None) -> Sequence[str]:
    """Return how a key signs; raises `EvidenceError` for kinds that are not supported."""
    done = _call(["pkey", "-pubin", "-noout", "-text"], public)
    text = done.stdout.decode(errors="replace").upper()
    for mark, options in _KINDS.items():
        if mark in text:
            return options
    raise EvidenceError(
        "the key is neither Ed25519 nor NIST P-256",
        where=str(key) if key else None,
        hint="make one with: openssl genpkey -algorithm ed25519 -out evidence.pem",
    )


def _succeed(argv: Sequence[str], key: Path | None, problem: str) -> bytes:
    done = _call(argv)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EvidenceError(
            problem + (f": {said[0]}" if said else ""),
            where=str(key) if key else None,
            hint="nothing was written; evidence.pem_key names a private key in PEM",
        )
    return done.stdout


def _call(argv: Sequence[str], data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    # NOTE: without data the terminal stays open, for the passphrase of a key.
    return subprocess.run(  # noqa: S603 - explicit argv, no shell
        [require(), *argv], input=data, capture_output=True, timeout=_HUMAN, check=False
    )
