"""Who is calling: access keys, assumed roles, and the two STS actions about them."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.simcloud.aws import wire
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.wire import ApiError, Call, Resource
from auditor.simcloud.http import Answer

ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]+)")
LONGEST = 43_200
"""Seconds; https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
SHORTEST, USUAL = 900, 3_600


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller behind an access key."""

    account: str
    arn: str
    user_id: str
    token: str | None = None
    expires: datetime | None = None


class Identities:
    """Access keys that this cloud knows: one per account, and one per role session."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._lock = threading.Lock()
        self._sessions: dict[str, Identity] = {}

    def find(self, access_key: str, token: str | None) -> Identity | None:
        """Return the caller with a key, or None where the key or its token is not from here."""
        account = access_key.removeprefix("AKIA")
        if account != access_key and account in self._estate.accounts:
            return Identity(account, f"arn:aws:iam::{account}:user/auditor", f"AIDA{account}")
        with self._lock:
            session = self._sessions.get(access_key)
        return session if session and session.token == token else None

    def assume(self, account: str, role: str, session: str, seconds: int) -> tuple[str, Identity]:
        """Open a session of a role; returns its access key and who it is."""
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        arn = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
        identity = Identity(
            account, arn, f"AROA{account}:{session}", secrets.token_urlsafe(48), expires
        )
        access_key = f"ASIA{secrets.token_hex(8).upper()}"
        with self._lock:
            self._sessions[access_key] = identity
        return access_key, identity


def answer(
    estate: Estate, identities: Identities, identity: Identity, call: Call, request_id: str
) -> Answer:
    """Answer an STS call."""
    if call.action == "GetCallerIdentity":
        result: Resource = {
            "Arn": identity.arn,
            "UserId": identity.user_id,
            "Account": identity.account,
        }
    elif call.action == "AssumeRole":
        result = _assume_role(estate, identities, identity, call)
    else:
        raise ApiError("InvalidAction", f"Could not find operation {call.action}")
    text = wire.children(result)
    return wire.query_response(call, wire.STS_NAMESPACE, request_id, text.encode())


def _assume_role(
    estate: Estate, identities: Identities, identity: Identity, call: Call
) -> Resource:
    arn, session = call.text("RoleArn"), call.text("RoleSessionName")
    seconds = int(call.text("DurationSeconds", str(USUAL)))
    found = ROLE_ARN.fullmatch(arn)
    if found is None or not SHORTEST <= seconds <= LONGEST:
        raise ApiError("ValidationError", "the role ARN or the duration is not valid")
    account, role = found.groups()
    roles = estate.accounts[account].roles if account in estate.accounts else {}
    # NOTE: STS does not tell a role that is missing from one that does not trust the caller
    if role not in roles or roles[role] not in (None, call.text("ExternalId")):
        text = f"User: {identity.arn} is not authorized to perform: sts:AssumeRole on resource: "
        raise ApiError("AccessDenied", text + arn, status=403)
    access_key, assumed = identities.assume(account, role, session, seconds)
    expires = assumed.expires.strftime("%Y-%m-%dT%H:%M:%SZ") if assumed.expires else None
    return {
        "Credentials": {
            "AccessKeyId": access_key,
            "SecretAccessKey": secrets.token_urlsafe(30),
            "SessionToken": assumed.token,
            "Expiration": expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": assumed.user_id, "Arn": assumed.arn},
    }
