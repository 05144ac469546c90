"""EC2 instance attributes: what only a call per instance tells, user data as a hash.

User data holds passwords more often than not. It is hashed as soon as it has been read: neither
row nor document nor error ever carries it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.collect.aws.arn import ec2_arn, ec2_common
from auditor.collect.aws.userdata import digest
from auditor.collect.table import Raw, ResourceTable, boolean, integer, text
from auditor.model import Row, Scope

if TYPE_CHECKING:
    from auditor.collect.aws.scope import AwsScope

ATTRIBUTES = (
    "userData",
    "disableApiTermination",
    "disableApiStop",
    "instanceInitiatedShutdownBehavior",
)
"""The attributes that are read, one call each."""


def fetch(scope: AwsScope) -> Iterator[Raw]:
    """Yield the attributes of each instance that still exists, as one item."""
    scope.require("instance_attributes")
    instances = [ref.instance_id for ref in scope.instance_index() if ref.exists]
    calls = ({"InstanceId": i, "Attribute": name} for i in instances for name in ATTRIBUTES)
    answers = scope.call_each(
        "DescribeInstanceAttribute", calls, gone=("InvalidInstanceID.NotFound",)
    )
    for instance_id in instances:
        parts = [next(answers) for _ in ATTRIBUTES]
        merged: dict[str, Any] = {"InstanceId": instance_id}
        for part in parts:
            merged |= _without_user_data(part or {})
        if None not in parts:
            yield merged


def transform(raw: Raw, scope: Scope) -> Row:
    """Return the row of one instance's attributes, under the resource_id of the instance."""
    raw = _without_user_data(raw)
    user_data = raw.get("UserData") or {}
    return {
        **ec2_common(scope, ec2_arn(scope, "instance", raw["InstanceId"]), raw),
        "incarnation_id": raw["InstanceId"],
        "instance_id": raw["InstanceId"],
        "user_data_sha256": user_data.get("Sha256"),
        "user_data_length": user_data.get("Length"),
        "disable_api_termination": (raw.get("DisableApiTermination") or {}).get("Value"),
        "disable_api_stop": (raw.get("DisableApiStop") or {}).get("Value"),
        "shutdown_behavior": (raw.get("InstanceInitiatedShutdownBehavior") or {}).get("Value"),
    }


def _without_user_data(answer: Raw) -> dict[str, Any]:
    """Return an answer with hash and length in place of the user data, without the rest."""
    kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    user_data = kept.get("UserData")
    if user_data is not None and "Length" not in user_data:
        kept["UserData"] = digest(user_data.get("Value") or "")
    return kept


TABLE = ResourceTable(
    title="EC2 instance attributes",
    description="Attributes that cost calls per instance; see aws.instance_attributes.",
    columns=(
        text("instance_id", "Id of the instance."),
        text(
            "user_data_sha256", "sha256 (hex) of the decoded user data; nothing if there is none."
        ),
        integer("user_data_length", "Length of the decoded user data in bytes."),
        boolean("disable_api_termination", "Protection from termination through the API."),
        boolean("disable_api_stop", "Protection from being stopped through the API."),
        text("shutdown_behavior", "What a shutdown from inside does: stop or terminate."),
    ),
    permissions=("ec2:DescribeInstances", "ec2:DescribeInstanceAttribute"),
    fetch=fetch,
    transform=transform,
    switch="instance_attributes",
)
