"""From an HTTP request to an answer: who calls, what for, and which fault gets in the way."""

from __future__ import annotations

import re
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.refusals import SESSION_EXPIRED, UNKNOWN_KEY, refusal
from auditor.simcloud.aws.services import SERVICES, Asked, read_call
from auditor.simcloud.aws.sts import Identities, Identity
from auditor.simcloud.aws.wire import ApiError, Call
from auditor.simcloud.faults import TOKEN_FAULTS, Fault, FaultPlan
from auditor.simcloud.http import Answer, Request

CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")


@dataclass(slots=True)
class Dispatcher:
    """Answers requests from an estate; shared by all connections."""

    estate: Estate
    plan: FaultPlan
    identities: Identities
    page_size: int | None = None
    """Items per page at most, where that is less than the services allow."""
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
            return SERVICES["ec2"].error(refused, request_id), []
        try:
            identity = self._identify(service, key, headers.get("X-Amz-Security-Token"))
            call = read_call(service, identity.account, region, key, headers, body)
            call = replace(call, most=self.page_size)
        except ApiError as refused:
            return SERVICES[service].error(refused, request_id), []
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
            code, status = SESSION_EXPIRED[service]
            raise ApiError(code, "Request has expired.", status=status)
        return identity

    def _serve(
        self, call: Call, identity: Identity, faults: list[Fault], request_id: str
    ) -> Answer:
        try:
            for fault in faults:
                if fault.kind in TOKEN_FAULTS:
                    call = replace(call, token_fault=fault.kind)
                if refused := refusal(fault, call.service):
                    raise refused
            asked = Asked(self.estate, self.identities, identity, call, request_id)
            return SERVICES[call.service].answer(asked)
        except ApiError as refused:
            return SERVICES[call.service].error(refused, request_id)
