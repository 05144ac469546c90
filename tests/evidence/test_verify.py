"""Evidence checked by standard tools, and by `audit evidence verify`; altered evidence is found."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.errors import AuditorError, IntegrityError, UsageError
from auditor.evidence.replayed import against_store
from auditor.evidence.verify import Check, Trusted, verify_bundle
from tests.evidence.authority import Authority
from tests.evidence.conftest import AFTER, Quarter
from tests.signing import make_key, public

EDITS = 40


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


def problems(path: Path, trusted: Trusted | None = None) -> list[str]:
    checks = verify_bundle(path, trusted or Trusted(), at=AFTER)
    return [problem for check in checks for problem in check.problems]


def check(path: Path, what: str, trusted: Trusted | None = None, at: datetime = AFTER) -> Check:
    return next(c for c in verify_bundle(path, trusted or Trusted(), at=at) if what in c.what)


def commands(path: Path) -> list[str]:
    """The commands of VERIFY.md, with what a reader has to fill in."""
    found = re.findall(r"^    (\S.*)$", (path / "VERIFY.md").read_text(), re.MULTILINE)
    moment = "20260120050000Z"
    return [
        line.replace("PRINCIPAL", "alice@example.com").replace("YYYYMMDDHHMMSSZ", moment)
        for line in found
    ]


def test_the_commands_of_the_guide_work(signed: Quarter, authority: Authority) -> None:
    signed.set("evidence", timestamp_url=authority.url)
    path = signed.export().path
    shutil.copy(authority.certificates, path / "AUTHORITY.pem")
    told = commands(path)
    tools = [line.split()[0] for line in told]
    assert tools == ["sha256sum", "ssh-keygen", "openssl", "trestle", "openssl", "previous=null;",
                     "sed", "audit"]  # fmt: skip
    for line in told[:-1]:
        if line.startswith("trestle"):
            continue
        done = shell(line.replace(" -p 2p", ""), path)
        if line.startswith("sed"):
            assert "Good" in done.stdout, (line, done.stdout, done.stderr)
            continue
        assert done.returncode == 0 and "broken" not in done.stdout, (line, done.stderr)
    (path / "AUTHORITY.pem").unlink()
    assert problems(path) == []
    assert "not checked" in check(path, "time stamp").note
    stamped = check(path, "time stamp", Trusted(authority=authority.certificates))
    assert stamped.problems == () and str(datetime.now(UTC).year) in stamped.note


def test_trestle_verifies_the_oscal_file(signed: Quarter, tmp_path: Path) -> None:
    path = signed.export().path
    trestle = Path(sys.executable).with_name("trestle")
    subprocess.run([trestle, "init", "--local"], cwd=tmp_path, check=True, capture_output=True)
    line = next(line for line in commands(path) if line.startswith("trestle"))
    argv = line.replace("WORKSPACE", str(tmp_path)).split()[1:]
    done = subprocess.run([trestle, *argv], cwd=path, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    oscal = path / "assessment-results.json"
    oscal.write_text(oscal.read_text().replace("drift", "drifT", 1))
    done = subprocess.run([trestle, *argv], cwd=path, capture_output=True, check=False)
    assert done.returncode != 0


def test_an_in_toto_library_verifies_the_envelope(signed: Quarter) -> None:
    from cryptography.hazmat.primitives import serialization
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    path = signed.export().path
    raw = json.loads((path / "manifest.dsse.json").read_text())
    key = SSlibKey.from_crypto(
        serialization.load_pem_public_key((path / "signer.pub.pem").read_bytes()),
        keyid=raw["signatures"][0]["keyid"],
    )
    envelope = Envelope.from_dict(raw)
    assert set(envelope.verify([key], 1)) == {key.keyid}
    statement = json.loads(envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"


def test_a_p256_key_signs_too(signed: Quarter) -> None:
    pem = signed.folder / "p256.pem"
    argv = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run([*argv, "-out", pem], check=True, capture_output=True)
    signed.set("evidence", pem_key=pem)
    path = signed.export().path
    assert problems(path) == []
    line = next(x for x in commands(path) if "pkeyutl" in x).replace(
        "-rawin", "-rawin -digest sha256"
    )
    assert shell(line, path).returncode == 0


def test_other_keys_are_refused_and_nothing_is_written(signed: Quarter) -> None:
    pem = signed.folder / "rsa.pem"
    argv = ["openssl", "genpkey", "-algorithm", "RSA", "-out", pem]
    subprocess.run(argv, check=True, capture_output=True)
    signed.set("evidence", pem_key=pem)
    with pytest.raises(AuditorError, match="neither Ed25519 nor NIST P-256"):
        signed.export()
    assert not (signed.folder / "bundle").exists()


def test_a_dead_authority_leaves_nothing_behind(signed: Quarter) -> None:
    signed.set("evidence", timestamp_url="http://127.0.0.1:9/")
    with pytest.raises(AuditorError, match="did not answer"):
        signed.export()
    assert not (signed.folder / "bundle").exists()


def test_what_the_verifier_trusts_decides(signed: Quarter, tmp_path: Path) -> None:
    path = signed.export().path
    mine = tmp_path / "signers"
    mine.write_text(f"alice@example.com {public(make_key(signed.folder, 'alice'))}\n")
    good = check(path, "SSH", Trusted(allowed_signers=mine))
    assert (good.problems, good.note) == ((), "alice@example.com")
    assert "by the bundle's own list" in check(path, "SSH").note
    mine.write_text(f"alice@example.com {public(make_key(tmp_path, 'mallory'))}\n")
    assert "does not list its key" in check(path, "SSH", Trusted(allowed_signers=mine)).problems[0]
    pem = tmp_path / "other.pem"
    pem.write_text(
        shell("openssl genpkey -algorithm ed25519 | openssl pkey -pubout", tmp_path).stdout
    )
    refused = problems(path, Trusted(public_key=pem))
    assert [p.partition(":")[0] for p in refused] == [
        "manifest.json.sig",
        "manifest.dsse.json",
        "assessment-results.dsse.json",
    ]


def test_a_key_counts_at_the_time_that_is_asked_for(signed: Quarter) -> None:
    signed.office.allow(alice='valid-before="20260403"', bob="")
    path = signed.export().path
    assert check(path, "SSH").problems == ()
    late = check(path, "SSH", at=AFTER + timedelta(days=9))
    assert "does not allow its key at 2026-04-11" in late.problems[0]


def test_a_key_that_the_bundle_calls_revoked_does_not_count(signed: Quarter) -> None:
    key = make_key(signed.folder, "carol")
    signed.office.allow(alice="", bob="", carol="")
    revoked = signed.folder / "revoked"
    revoked.write_text(public(key) + "\n")
    signed.set("baseline", revoked_keys=revoked)
    signed.set("evidence", signing_key=key)
    assert "its key is revoked" in check(signed.export().path, "SSH").problems[0]


def test_signatures_that_were_promised_or_wanted_must_be_there(signed: Quarter) -> None:
    path = signed.export().path
    for name in ("manifest.json.sshsig", "manifest.json.sig", "manifest.dsse.json"):
        (path / name).unlink()
    assert [p for p in problems(path) if "it is missing" in p] == [
        "manifest.json.sshsig: it is missing",
        "manifest.json.sig: it is missing",
        "manifest.dsse.json: it is missing",
    ]
    signed.set("evidence", signing_key=None, pem_key=None)
    signed.set("baseline", signing_key=None)
    plain = signed.export("plain").path
    assert problems(plain) == []
    allowed = Trusted(allowed_signers=signed.office.allowed)
    assert problems(plain, allowed) == ["manifest.json.sshsig: it is missing"]


def test_the_store_gives_the_same_evidence_and_the_same_findings(signed: Quarter) -> None:
    path = signed.export().path
    found = against_store(signed.lab.config, path)
    assert [c.problems for c in found] == [(), ()]
    assert found[1].what.startswith("5 runs compared again")
    signed.set("run", max_attempts=9)
    signed.lab.tamper("UPDATE store.finding_event SET reason = 'nothing to see' WHERE snapshot = 2")
    found = against_store(signed.lab.config, path)
    assert "finding-events.csv: the store gives another" in found[0].problems
    assert "configuration.json" in found[0].note
    assert any("run of snapshot 2" in problem for problem in found[1].problems)


def _rebuilt(path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Alter a bundle and make its manifest and sums fit: only signatures and chains are left."""
    from auditor.evidence import bundle

    files = bundle.read(path)
    manifest = json.loads(files["manifest.json"])
    change(files)
    loose = {"manifest.json", "SHA256SUMS"} | {n for n in files if n in manifest["signatures"]}
    about = {k: v for k, v in manifest.items() if k not in ("files", "format")}
    kept = {n: c for n, c in files.items() if n not in loose}
    files["manifest.json"] = bundle.manifest(about, kept)
    files["SHA256SUMS"] = bundle.sums({**kept, "manifest.json": files["manifest.json"]})
    shutil.rmtree(path)
    bundle.write(files, path)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("runs.csv", b'"drift"', b'"clean"', "SSH signature"),
        ("approvals.jsonl", b"as planned", b"as Planned", "the approval log is whole"),
        ("baseline/default/tables/aws_ec2_instances.jsonl", b"i-a", b"i-z", "baseline default"),
        ("allowed_signers", b"bob@", b"rob@", "the approval log is whole"),
    ],
)
def test_sums_made_to_fit_do_not_help(
    signed: Quarter, file: str, old: bytes, new: bytes, said: str
) -> None:
    path = signed.export().path

    def change(files: dict[str, bytes]) -> None:
        if old not in files[file]:
            pytest.fail(f"{old!r} is not in {file}")
        files[file] = files[file].replace(old, new)

    _rebuilt(path, change)
    failed = [c.what for c in verify_bundle(path, Trusted(), at=AFTER) if c.problems]
    assert any(said in what for what in failed), failed


def test_runs_left_out_are_found_without_any_signature(quarter: Quarter) -> None:
    path = quarter.export().path

    def change(files: dict[str, bytes]) -> None:
        lines = files["runs.csv"].splitlines(keepends=True)
        files["runs.csv"] = b"".join(lines[:3] + lines[4:])

    _rebuilt(path, change)
    found = problems(path)
    assert "runs.csv: snapshot 4: snapshot 3 is missing" in found
    assert "manifest.json: runs says 5, the tables 4" in found


def test_every_random_edit_is_found_and_named(signed: Quarter) -> None:
    """Single bytes, half of them such that the file keeps its form: a digit, a letter's case."""
    path = signed.export().path
    before = {
        f: f.read_bytes() for f in sorted(path.rglob("*")) if f.is_file() and f.stat().st_size
    }
    rng = random.Random(20)
    kept_form = 0
    unseen = []
    files = [f for f in before if f.suffix != ".sql"]
    for number in range(EDITS):
        file = rng.choice(files)
        content = bytearray(before[file])
        places = [i for i, byte in enumerate(content) if chr(byte).isalnum() and byte < 128]
        gentle = number % 2 == 0 and bool(places)
        place = rng.choice(places) if gentle else rng.randrange(len(content))
        content[place] = (
            _gently(content[place]) if gentle else content[place] ^ (1 << rng.randrange(8))
        )
        kept_form += gentle
        file.write_bytes(content)
        name = file.relative_to(path).as_posix()
        try:
            said = problems(path)
        except IntegrityError as exc:
            said = [f"{exc.where}: {exc.message}"]
        except UsageError as exc:
            said = [exc.message]
        except AuditorError as exc:
            said = [f"{exc.where}: {exc.message}"]
        if not any(name in text or "SHA256SUMS" in text for text in said):
            unseen.append((name, place, said))
        file.write_bytes(before[file])
    assert unseen == []
    assert kept_form >= EDITS // 3
    assert problems(path) == []


def _gently(byte: int) -> int:
    char = chr(byte)
    return ord(str((int(char) + 1) % 10)) if char.isdigit() else ord(char.swapcase())


@pytest.mark.parametrize("place", ["name", "body", "date", "end"])
def test_an_altered_zip_is_found(signed: Quarter, place: str) -> None:
    path = signed.export("bundle.zip").path
    content = bytearray(path.read_bytes())
    spot = {"name": 30, "body": 200, "date": 11, "end": len(content) - 1}[place]
    content[spot] ^= 1
    path.write_bytes(content)
    with pytest.raises((IntegrityError, UsageError)):
        verify_bundle(path, Trusted(), at=AFTER)


def test_there_is_no_evidence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(UsageError, match="there is no evidence"):
            verify_bundle(path, Trusted(), at=AFTER)
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(IntegrityError, match="the zip is damaged"):
        verify_bundle(tmp_path / "x.zip", Trusted(), at=AFTER)


def test_names_that_lead_out_are_refused(signed: Quarter) -> None:
    import zipfile

    path = signed.export("bundle.zip").path
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil", b"x")
    with pytest.raises(IntegrityError):
        verify_bundle(path, Trusted(), at=AFTER)
    assert not (signed.folder / "evil").exists()
