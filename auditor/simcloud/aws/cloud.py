"""Simulated AWS as a server: point the SDK at it with `environment()`."""

from __future__ import annotations

import os
from collections.abc import Iterable

from auditor.simcloud.aws.dispatch import Dispatcher
from auditor.simcloud.aws.estate import Estate
from auditor.simcloud.aws.sts import Identities
from auditor.simcloud.faults import Fault, FaultPlan
from auditor.simcloud.server import SimCloud

SECRET = "simulated"  # noqa: S105 - any secret will do, signatures are not verified


class SimAws(SimCloud):
    """Serves an AWS estate: EC2, Auto Scaling, IAM, CloudTrail, STS and Organizations."""

    def __init__(
        self,
        estate: Estate,
        faults: Iterable[Fault] = (),
        latency: float = 0.0,
        *,
        port: int = 0,
        page_size: int | None = None,
    ) -> None:
        dispatcher = Dispatcher(estate, FaultPlan(faults), Identities(estate), page_size)
        super().__init__(dispatcher, latency, port=port)
        self.estate = estate

    def environment(self, account: str | None = None) -> dict[str, str]:
        """Return environment variables that make any AWS SDK talk to this cloud only."""
        owner = self.estate.accounts[account] if account else self.estate.management
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": owner.access_key,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": next(iter(owner.regions), "us-east-1"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
