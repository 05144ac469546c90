"""From an HTTP request to an answer: what is asked for, and which fault gets in the way."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace

from auditor.simcloud.azure import answers, wire
from auditor.simcloud.azure.estate import Estate
from auditor.simcloud.azure.paths import parse
from auditor.simcloud.azure.refusals import refusal
from auditor.simcloud.azure.wire import ApiError, Call
from auditor.simcloud.faults import TOKEN_FAULTS, Fault, FaultPlan
from auditor.simcloud.http import Answer, Request


@dataclass(slots=True)
class Dispatcher:
    """Answers requests from an estate; shared by all connections."""

    estate: Estate
    plan: FaultPlan
    page_size: int
    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(subscription, location or `global`, action) -> requests received, also those that met a
    fault."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> tuple[Answer, list[Fault]]:
        """Return the answer to a request, and the faults that its delivery has to show."""
        try:
            call = parse(request)
        except ApiError as refused:
            return wire.error(refused), []
        with self.lock:
            self.calls[call.account, call.region, call.action] += 1
        faults = self.plan.acting(call)
        return self._serve(call, faults), faults

    def _serve(self, call: Call, faults: list[Fault]) -> Answer:
        try:
            for fault in faults:
                if fault.kind in TOKEN_FAULTS:
                    call = replace(call, token_fault=fault.kind)
                if refused := refusal(fault, call):
                    raise refused
            return answers.answer(self.estate, call, self.page_size)
        except ApiError as refused:
            return wire.error(refused)
