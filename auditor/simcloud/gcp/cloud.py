"""Simulated Google Cloud as a server: point the SDKs at its URL."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.simcloud.faults import Fault, FaultPlan
from auditor.simcloud.gcp.dispatch import Dispatcher
from auditor.simcloud.gcp.estate import Estate
from auditor.simcloud.server import SimCloud


class SimGcp(SimCloud):
    """Serves a Google Cloud estate: Compute, Logging and Resource Manager, at one endpoint.

    Whoever asks is let in: clients are made with anonymous credentials, and with `url` as the
    API endpoint of each service.
    """

    def __init__(
        self,
        estate: Estate,
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        *,
        port: int = 0,
        page_size: int | None = None,
    ) -> None:
        super().__init__(Dispatcher(estate, FaultPlan(faults), page_size), latency, port=port)
        self.estate = estate

    def configuration(self) -> dict[str, object]:
        """Return the `[gcp]` section that makes the auditor read this cloud only."""
        return {
            "enabled": True,
            "projects": list(self.estate.projects),
            "endpoint": self.url,
            "logging_endpoint": self.url,
        }
