"""OpenSSH signatures, made and checked by `ssh-keygen` itself.

The program that people sign and verify with by hand is the one that decides here: file keys, the
agent and hardware keys work, and the rules of allowed_signers and of revocation lists are
OpenSSH's own. Private keys are never read, stored or printed by this program. Formats: OpenSSH
PROTOCOL.sshsig; ALLOWED SIGNERS of ssh-keygen(1).
"""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.errors import BaselineError, MissingProgramError

NAMESPACE = "approval@cloud-baseline-auditor"
"""What signatures of approvals are for: one made for anything else, such as a git commit, is
refused."""

_HUMAN = timedelta(minutes=5)
"""How long a person may take to type a passphrase or touch a hardware key."""
_MACHINE = timedelta(seconds=30)
_MAGIC = b"SSHSIG"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count."""

    allowed: Path
    """allowed_signers file."""
    revoked: Path | None = None
    """Public keys or a key revocation list; their signatures count at no time."""
    namespace: str = NAMESPACE
    """What the signatures are for."""


def require() -> str:
    """Return the path of `ssh-keygen`; raises `MissingProgramError` where there is none."""
    found = shutil.which("ssh-keygen")
    if found is None:
        raise MissingProgramError(
            "signatures of approvals cannot be checked or made: ssh-keygen is not installed",
            hint="install the OpenSSH client (Debian: openssh-client); nothing was compared",
        )
    return found


def sign(key: Path, data: bytes, *, namespace: str = NAMESPACE) -> bytes:
    """Return a signature over data; the agent signs where the key is a public one.

    Raises `BaselineError` where `ssh-keygen` could not sign; it says why on the terminal.
    """
    argv = ["-Y", "sign", "-f", str(key), "-n", namespace]
    done = _call(argv, data, limit=_HUMAN, environment=dict(os.environ))
    if done.returncode or not done.stdout.startswith(_BEGIN.encode()):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BaselineError(
            "ssh-keygen could not sign" + (f": {said[-1]}" if said else ""),
            where=str(key),
            hint="nothing was signed; is the key there, or in the agent (ssh-add -L)?",
        )
    return done.stdout


def public_key(key: Path) -> str:
    """Return type and base64 text of a signing key, from its public half.

    Raises `BaselineError` where no public key is beside a private one.
    """
    path = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    try:
        kind, text, *_ = path.read_text(encoding="utf-8").split()
    except (OSError, ValueError) as exc:
        raise BaselineError(
            "the public half of the signing key cannot be read",
            where=str(path),
            hint=f"write it with: ssh-keygen -y -f {key} > {key}.pub",
        ) from exc
    return f"{kind} {text}"


def key_of(signature: bytes) -> str | None:
    """Return type and base64 text of the key in a signature; None where it is not one."""
    lines = signature.decode(errors="replace").split()
    joined = " ".join(lines)
    if not joined.startswith(_BEGIN) or not joined.endswith(_END):
        return None
    try:
        raw = base64.b64decode("".join(joined[len(_BEGIN) : -len(_END)].split()), validate=True)
        blob = _string(raw, len(_MAGIC) + 4)
        return f"{_string(blob, 0).decode()} {base64.b64encode(blob).decode()}"
    except (binascii.Error, UnicodeDecodeError, IndexError):
        return None


def principals_of(allowed: Path, key: str) -> tuple[str, ...]:
    """Return whom an allowed_signers file names for a key, valid or not; patterns left out.

    Only suggests a name: whether a signature counts is decided by `ssh-keygen` alone.
    """
    found: list[str] = []
    for line in _lines(allowed):
        if line and not line.startswith("#") and key in f"{line} ":
            found += [p for p in line.split()[0].strip('"').split(",") if not is_pattern(p)]
    return tuple(dict.fromkeys(found))


def is_pattern(principal: str) -> bool:
    """Say whether a principal stands for more than one person."""
    return any(mark in principal for mark in "*?!")


def signer(
    trust: Trust, signature: Path, data: bytes, *, claimed: str, at: datetime
) -> tuple[str, str | None]:
    """Return who signed, judged at a time, or an empty name and why the signature counts not."""
    if problem := damage(signature, data, namespace=trust.namespace):
        return "", problem
    when = f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}"
    common = ["-s", str(signature)]
    find = ["-Y", "find-principals", *common, "-f", str(trust.allowed), when]
    names = _call(find).stdout.decode(errors="replace").split()
    known = sorted(name for name in names if not is_pattern(name))
    if claimed in known or any(map(is_pattern, names)):
        known = [claimed, *(name for name in known if name != claimed)]
    revoked = ["-r", str(trust.revoked)] if trust.revoked else []
    verify = ["-Y", "verify", *common, "-f", str(trust.allowed), "-n", trust.namespace, when]
    for name in known:
        if not _call([*verify, "-I", name, *revoked], data).returncode:
            return name, None
    if any(not _call([*verify, "-I", name], data).returncode for name in known):
        return "", f"its key is revoked in {trust.revoked}"
    if known:
        return "", f"{trust.allowed} does not allow its key for {trust.namespace}"
    key = key_of(signature.read_bytes())
    if key and any(key in line for line in _lines(trust.allowed)):
        return "", f"{trust.allowed} does not allow its key at {at:%Y-%m-%d %H:%M:%S} UTC"
    return "", f"{trust.allowed} does not list its key"


def damage(signature: Path, data: bytes, *, namespace: str = NAMESPACE) -> str:
    """Return why a file is no signature of data by any key, for this namespace; else empty."""
    if not _is_armoured(signature.read_bytes()):
        return "it is no signature as ssh-keygen writes it: it was altered"
    argv = ["-Y", "check-novalidate", "-s", str(signature), "-n", namespace]
    if _call(argv, data).returncode:
        return "it is no signature of these bytes: one of the two was altered"
    return ""


def _is_armoured(text: bytes) -> bool:
    """Say whether each byte is as `ssh-keygen` writes it, blanks and padding included."""
    first, *body = text.decode(errors="replace").split("\n")
    if first != _BEGIN or body[-2:] != [_END, ""]:
        return False
    inner, joined = body[:-2], "".join(body[:-2])
    try:
        is_exact = base64.b64encode(base64.b64decode(joined, validate=True)).decode() == joined
    except (binascii.Error, ValueError):
        return False
    width = len(inner[0]) if inner else 0
    return is_exact and inner == [joined[i : i + width] for i in range(0, len(joined), width or 1)]


def _lines(path: Path) -> Sequence[str]:
    try:
        return [" ".join(line.split()) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as exc:
        raise BaselineError(
            "the file of allowed signers cannot be read",
            where=str(path),
            hint="baseline.allowed_signers names it; without it nobody can be shown to have signed",
        ) from exc


def _call(
    argv: Sequence[str],
    data: bytes = b"",
    *,
    limit: timedelta = _MACHINE,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    # NOTE: times of allowed_signers without a zone mean UTC on every machine.
    try:
        return subprocess.run(  # noqa: S603 - explicit argv, no shell
            [require(), *argv],
            input=data,
            env=environment if environment is not None else {"TZ": "UTC", "LC_ALL": "C"},
            capture_output=True,
            timeout=limit.total_seconds(),
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise BaselineError(
            f"ssh-keygen did not answer within {limit.total_seconds():.0f} s",
            hint="nothing was approved; was it waiting for a passphrase or a touch?",
        ) from exc


def _string(raw: bytes, start: int) -> bytes:
    """Return the length-prefixed string (RFC 4251, section 5) that starts there."""
    size = int.from_bytes(raw[start : start + 4], "big")
    found = raw[start + 4 : start + 4 + size]
    if not size or len(found) != size:
        raise IndexError(start)
    return found
