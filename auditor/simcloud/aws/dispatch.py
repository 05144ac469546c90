"""From an HTTP request to an answer: who calls, what for, and which fault gets in the way."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from auditor.simcloud.aws import ec2, organizations, sts, wire
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.refusals import refusal
from auditor.simcloud.aws.sts import Identities, Identity
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.faults import Fault, FaultPlan
from auditor.simcloud.http import Answer, Request

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")
SERVICES = ("ec2", "sts", "organizations")
UNKNOWN_KEY = {
    "ec2": ("AuthFailure", 401),
    "sts": ("InvalidClientTokenId", 403),
    "organizations": ("UnrecognizedClientException", 400),
}
EXPIRED = {
    # NOTE: EC2 has its own word for it, the other services say ExpiredToken
    # (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html)
    "ec2": ("RequestExpired", 400),
    "sts": ("ExpiredToken", 403),
    "organizations": ("ExpiredTokenException", 400),
}


@dataclass(slots=True)
class Dispatcher:
    """Answers requests from an estate; shared by all connections."""

    estate: Estate
    plan: FaultPlan
    identities: Identities
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(account, region, action) -> requests received, including those that met a fault."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> tuple[Answer, list[Fault]]:
        """Return the answer to a request, and the faults that its delivery has to show."""
        headers, body = request.headers, request.body
        request_id = str(uuid.uuid4())
        scope = CREDENTIAL.search(headers.get("Authorization", ""))
        key, region, service = scope.groups() if scope else ("", "", "ec2")
        if service not in SERVICES:
            refused = ApiError("InvalidAction", f"the service {service} is not simulated")
            return _refuse("ec2", refused, request_id), []
        try:
            identity = self._identify(service, key, headers.get("X-Amz-Security-Token"))
            call = _call(service, identity.account, region, key, headers, body)
        except ApiError as refused:
            return _refuse(service, refused, request_id), []
        with self.lock:
            self.calls[call.account, call.region, call.action] += 1
        faults = self.plan.acting(call)
        return self._serve(call, identity, faults, request_id), faults

    def _identify(self, service: str, key: str, token: str | None) -> Identity:
        identity = self.identities.find(key, token)
        if identity is None:
            code, status = UNKNOWN_KEY[service]
            text = "The security token included in the request is invalid."
            raise ApiError(code, text, status=status)
        if identity.expires is not None and identity.expires < datetime.now(UTC):
            code, status = EXPIRED[service]
            raise ApiError(code, "Request has expired.", status=status)
        return identity

    def _serve(
        self, call: Call, identity: Identity, faults: list[Fault], request_id: str
    ) -> Answer:
        try:
            for fault in faults:
                if fault.kind == "repeat_token":
                    call = replace(call, repeat_token=True)
                if refused := refusal(fault, call.service):
                    raise refused
            if call.service == "sts":
                return sts.answer(self.estate, self.identities, identity, call, request_id)
            if call.service == "organizations":
                return organizations.answer(self.estate, call)
            return ec2.answer(self.estate, call, request_id)
        except ApiError as refused:
            return _refuse(call.service, refused, request_id)


def _call(
    service: str, account: str, region: str, key: str, headers: Mapping[str, str], body: bytes
) -> Call:
    if service == "organizations":
        action = headers.get("X-Amz-Target", "").removeprefix(organizations.TARGET)
        try:
            params = json.loads(body or b"{}")
        except ValueError as exc:
            raise ApiError("SerializationException", "the body is not JSON") from exc
        return Call(service, action, account, region, key, params)
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return Call(service, form.get("Action", ""), account, region, key, form)


def _refuse(service: str, refused: ApiError, request_id: str) -> Answer:
    if service == "sts":
        return sts.error(refused, request_id)
    if service == "organizations":
        return organizations.error(refused)
    return wire.ec2_error(refused, request_id)
