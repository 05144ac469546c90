"""Credentials of an assumed role that renew themselves while a long run is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.session import Session as SdkSession

SESSION_NAME = "cloud-baseline-auditor"
"""What the account's own logs show as the name of the role session."""


class _RoleProvider(CredentialProvider):
    """Hands out the credentials of one role and nothing else."""

    METHOD = "assume-role"

    def __init__(self, fetch: Callable[[], Any]) -> None:
        super().__init__()
        self._fetch = fetch

    def load(self) -> Credentials:
        """Return credentials that are fetched at their first use and before they expire."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)


def assumed_role(
    *,
    source: SdkSession,
    target: SdkSession,
    make_client: Callable[[], Any],
    role_arn: str,
    external_id: str | None,
) -> SdkSession:
    """Make `target` log in as the role, with the credentials of `source`, and return it."""
    extra = {"RoleSessionName": SESSION_NAME}
    if external_id:
        extra["ExternalId"] = external_id
    fetcher = AssumeRoleCredentialFetcher(
        # NOTE: the fetcher passes its own source credentials, which `source` already has.
        client_creator=lambda *_args, **_kwargs: make_client(),
        source_credentials=source.get_credentials(),
        role_arn=role_arn,
        extra_args=extra,
    )
    provider = _RoleProvider(fetcher.fetch_credentials)
    target.register_component("credential_provider", CredentialResolver([provider]))
    return target
