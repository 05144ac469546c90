"""Whose credentials a call is signed with: those of the account that it is made for.

All accounts share the clients of the SDK (`clients.py`), so none of them has credentials of its
own. A thread says for each call whose they are, and a call without them is not sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.exceptions import NoCredentialsError
from botocore.session import Session as SdkSession

T = TypeVar("T")

SESSION_NAME = "cloud-baseline-auditor"
"""What the account's own logs show as the name of the role session."""


class _Call(threading.local):
    """What the current thread is calling for."""

    credentials: Credentials | None = None


_call = _Call()


def call_as(credentials: Credentials | None, method: Callable[..., T], **params: Any) -> T:
    """Call a method of a shared client, signed with these credentials."""
    before, _call.credentials = _call.credentials, credentials
    try:
        return method(**params)
    finally:
        # NOTE: a call may come within another one: the one that renews a role's credentials.
        _call.credentials = before


class _OfTheCall(Credentials):
    """Stands for the credentials of whichever call is signed; has none of its own."""

    def __init__(self) -> None:
        super().__init__("", "", method="call")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Return the credentials of the current thread's call."""
        if _call.credentials is None:
            raise NoCredentialsError
        return _call.credentials.get_frozen_credentials()


class _OfTheCallProvider(CredentialProvider):
    METHOD = "call"

    def load(self) -> Credentials:
        """Return what stands for the credentials of each call."""
        return _OfTheCall()


def share(session: SdkSession) -> SdkSession:
    """Make the clients of a session sign each call with the credentials of `call_as`."""
    session.register_component("credential_provider", CredentialResolver([_OfTheCallProvider()]))
    return session


def role_credentials(
    source: Credentials,
    *,
    assume: Callable[[], Callable[..., Any]],
    role_arn: str,
    external_id: str | None,
) -> Credentials:
    """Return credentials of a role, fetched at their first use and before they expire.

    `assume` returns the method that assumes a role; it is called with the source credentials.
    """
    extra = {"RoleSessionName": SESSION_NAME}
    if external_id:
        extra["ExternalId"] = external_id
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=cast(Any, lambda *_args, **_kwargs: _Assuming(source, assume())),
        source_credentials=source,
        role_arn=role_arn,
        extra_args=extra,
    )
    return DeferredRefreshableCredentials(
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )


class _Assuming:
    """The one method of a client that the SDK's fetcher calls."""

    def __init__(self, source: Credentials, method: Callable[..., Any]) -> None:
        self._source = source
        self._method = method

    def assume_role(self, **params: Any) -> Any:
        return call_as(self._source, self._method, **params)
