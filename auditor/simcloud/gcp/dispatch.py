"""From an HTTP request to an answer: which method, in which project, and which fault is due."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from auditor.simcloud.faults import TOKEN_FAULTS, Fault, FaultPlan
from auditor.simcloud.gcp import access, compute, logs, manager, routes, wire
from auditor.simcloud.gcp.estate import Estate
from auditor.simcloud.gcp.refusals import refusal, switched_off
from auditor.simcloud.gcp.routes import Target
from auditor.simcloud.gcp.wire import COMPUTE, IAM, LOGGING, ApiError, Call, not_found
from auditor.simcloud.http import Answer, Request


@dataclass(slots=True)
class Dispatcher:
    """Answers requests from an estate; shared by all connections.

    In faults and counters the account of a call is its project id, or `organizations/...` or
    `folders/...` for what is above projects; the region is the zone or region in the path, or
    `global`; the action is the id of the method, see `Call`.
    """

    estate: Estate
    plan: FaultPlan
    page_size: int | None = None
    """Items per page at most, where that is less than the services allow."""
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(account, region, action) -> requests received, including those that met a fault."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> tuple[Answer, list[Fault]]:
        """Return the answer to a request, and the faults that its delivery has to show."""
        url = urlsplit(request.target)
        target = routes.find(request.method, unquote(url.path))
        if target is None:
            refused = not_found(f"{request.method} {url.path}")
            return wire.error(refused, COMPUTE), []
        try:
            body = _body(request.body)
        except ApiError as refused:
            return wire.error(refused, target.service), []
        params = dict(parse_qsl(url.query))
        call = self._call(target, params, body)
        with self.lock:
            self.calls[call.account, call.region, call.action] += 1
        faults = self.plan.acting(call)
        return self._serve(call, target.verb, faults), faults

    def _call(self, target: Target, params: Mapping[str, str], body: Mapping[str, Any]) -> Call:
        path = target.path
        if target.service == LOGGING:
            name = logs.project_of(body)
        else:
            above = params.get("parentId") or params.get("parent") or self.estate.organization
            name = path.get("project", f"folders/{path['folder']}" if "folder" in path else above)
        project = self.estate.find(name)
        place = path.get("scope", "global").rpartition("/")[2]
        region = path.get("zone") or path.get("region") or place
        account = project.id if project else name
        most = self.page_size
        return Call(target.service, target.action, account, region, path, params, body, most)

    def _serve(self, call: Call, verb: str, faults: list[Fault]) -> Answer:
        try:
            for fault in faults:
                if fault.kind in TOKEN_FAULTS:
                    call = replace(call, token_fault=fault.kind)
                if refused := refusal(fault, call):
                    raise refused
            with self.estate.lock:
                return Answer(self._handle(call, verb))
        except ApiError as refused:
            return wire.error(refused, call.service)

    def _handle(self, call: Call, verb: str) -> bytes:
        project = self.estate.find(call.account)
        if project is not None and call.service in project.disabled:
            raise switched_off(call.service, project.number)
        if call.service == COMPUTE:
            return compute.answer(self.estate, call, verb)
        if call.service == LOGGING:
            return logs.entries(self.estate, call)
        if call.service == IAM:
            return access.role(self.estate, call)
        return manager.answer(self.estate, call, verb)


def _body(sent: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(sent or b"{}")
    except ValueError as exc:
        raise wire.invalid("Invalid JSON payload received.") from exc
    if not isinstance(body, dict):
        raise wire.invalid("Invalid JSON payload received.")
    return body
