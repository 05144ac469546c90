"""EC2 key pairs: one row each with the fingerprint; no key is asked for or kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.table import Raw, ResourceTable, text, timestamp
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield each key pair; the listing has no pages."""
    yield from scope.call("DescribeKeyPairs").get("KeyPairs") or ()


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one key pair, without the public key if the answer has one."""
    kept = {key: value for key, value in raw.items() if key not in ("PublicKey", "KeyMaterial")}
    key_id = raw.get("KeyPairId") or raw["KeyName"]
    return {
        **ec2_common(scope, ec2_arn(scope, "key-pair", key_id), kept, name=raw.get("KeyName")),
        "incarnation_id": key_id,
        "key_pair_id": raw.get("KeyPairId"),
        "key_name": raw.get("KeyName"),
        "key_type": raw.get("KeyType"),
        "key_fingerprint": raw.get("KeyFingerprint"),
        "create_time": raw.get("CreateTime"),
    }


TABLE = ResourceTable(
    title="EC2 key pairs",
    description="SSH keys that instances may be launched with.",
    columns=(
        text("key_pair_id", "Id of the key pair."),
        text("key_name", "Name that launches refer to."),
        text("key_type", "rsa or ed25519."),
        text("key_fingerprint", "Fingerprint of the key; how it is made depends on its origin."),
        timestamp("create_time", "When it was created or imported."),
    ),
    permissions=("ec2:DescribeKeyPairs",),
    fetch=fetch,
    transform=transform,
)
