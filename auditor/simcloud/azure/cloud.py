"""Simulated Azure as a server: point the SDK at it with `base_url`."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.simcloud.azure.dispatch import Dispatcher
from auditor.simcloud.azure.estate import Estate
from auditor.simcloud.faults import Fault, FaultPlan
from auditor.simcloud.server import SimCloud


class SimAzure(SimCloud):
    """Serves the subscriptions of a tenant: the Azure Resource Manager.

    To a `Fault` and in `calls`, the account is the subscription's id in lower case (empty for the
    list of subscriptions), the region is the location that the path names (`global` if none), and
    the action is the provider and the resource types without names, in the case of `paths.KINDS`:
    `Microsoft.Compute/virtualMachines` is the list, `Microsoft.Compute/virtualMachines/read` one
    machine, `Microsoft.Compute/virtualMachines/extensions` the extensions of one.
    """

    def __init__(
        self,
        estate: Estate,
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        *,
        port: int = 0,
        page_size: int = 50,
    ) -> None:
        super().__init__(Dispatcher(estate, FaultPlan(faults), page_size), latency, port=port)
        self.estate = estate

    def configuration(self) -> dict[str, object]:
        """Return the `[azure]` section that makes the auditor read this cloud only."""
        return {
            "enabled": True,
            "base_url": self.url,
            "subscriptions": list(self.estate.subscriptions),
        }
