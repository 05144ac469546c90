"""Sign the manifest: SSHSIG by the key that approvals have, plain and DSSE by a PEM key, a stamp.

DSSE (github.com/secure-systems-lab/dsse, protocol v1) holds an in-toto Statement v1 about one
file. The one about the OSCAL file has the predicate that compliance-trestle verifies.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from auditor.baseline import sshsig
from auditor.config import Config
from auditor.evidence import openssl
from auditor.evidence.bundle import MANIFEST
from auditor.store.hashing import canonical

NAMESPACE = "evidence@cloud-baseline-auditor"
"""What SSH signatures of evidence are for."""

SSH, PLAIN, DSSE, STAMP = (
    "manifest.json.sshsig",
    "manifest.json.sig",
    "manifest.dsse.json",
    "manifest.json.tsr",
)
PUBLIC_KEY = "signer.pub.pem"
OSCAL = "assessment-results.json"
OSCAL_DSSE = "assessment-results.dsse.json"

PAYLOAD = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "urn:cloud-baseline-auditor:evidence:v1"
_OSCAL_PREDICATE = "https://oscal-compass.github.io/compliance-trestle/predicates/oscal-signing/v1"


def ssh_key(config: Config) -> Path | None:
    """Return the SSH key that signs evidence, if one is configured."""
    return config.evidence.signing_key or config.baseline.signing_key


def expected(config: Config) -> list[str]:
    """Return the names of the signatures that the configuration asks for."""
    names = [SSH] if ssh_key(config) else []
    names += [PLAIN, DSSE, OSCAL_DSSE] if config.evidence.pem_key else []
    return names + ([STAMP] if config.evidence.timestamp_url else [])


def signatures(config: Config, files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each signature; raises `EvidenceError` and `BaselineError`."""
    manifest = files[MANIFEST]
    if key := ssh_key(config):
        yield SSH, sshsig.sign(key, manifest, namespace=NAMESPACE)
    if pem := config.evidence.pem_key:
        public = files[PUBLIC_KEY]
        yield PLAIN, openssl.sign(pem, public, manifest)
        about = {
            "name": MANIFEST,
            "digest": {"sha256": hashlib.sha256(manifest).hexdigest()},
        }
        yield DSSE, _envelope(pem, public, about, _PREDICATE, {"format": 1})
        exact = hashlib.sha256(canonical(orjson.loads(files[OSCAL]))).hexdigest()
        predicate = {
            "canonicalization": "RFC8785",
            "digestAlgorithm": "sha256",
            "digestSource": "canonical-json",
        }
        about = {"name": OSCAL, "digest": {"sha256": exact}}
        yield OSCAL_DSSE, _envelope(pem, public, about, _OSCAL_PREDICATE, predicate)
    if url := config.evidence.timestamp_url:
        yield STAMP, openssl.stamp(url, manifest)


def encoded(payload: bytes) -> bytes:
    """Return what a DSSE signature is over: the pre-authentication encoding of a payload."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def subject(envelope: bytes, public: bytes) -> tuple[str, str]:
    """Return name and sha256 of what an envelope is about.

    Raises `ValueError` with the reason where it is no envelope that this key signed.
    """
    found = orjson.loads(envelope)
    try:
        payload = base64.b64decode(found["payload"], validate=True)
        sums = [base64.b64decode(s["sig"], validate=True) for s in found["signatures"]]
        about = orjson.loads(payload)["subject"][0]
        name, digest = str(about["name"]), str(about["digest"]["sha256"])
    except (KeyError, IndexError, TypeError) as exc:
        raise ValueError("it does not have the form of a DSSE envelope") from exc
    if found["payloadType"] != PAYLOAD or canonical(found) + b"\n" != envelope:
        raise ValueError("it is not the envelope that was written")
    if not any(openssl.is_signed(public, encoded(payload), one) for one in sums):
        raise ValueError("the key did not sign it")
    return name, digest


def _envelope(
    key: Path, public: bytes, about: dict[str, Any], kind: str, predicate: dict[str, Any]
) -> bytes:
    payload = canonical(
        {"_type": _STATEMENT, "subject": [about], "predicateType": kind, "predicate": predicate}
    )
    keyid = hashlib.sha256(public).hexdigest()
    signature = base64.b64encode(openssl.sign(key, public, encoded(payload))).decode()
    return (
        canonical(
            {
                "payload": base64.b64encode(payload).decode(),
                "payloadType": PAYLOAD,
                "signatures": [{"keyid": keyid, "sig": signature}],
            }
        )
        + b"\n"
    )
