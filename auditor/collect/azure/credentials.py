"""The credential that tokens come from: environment, workload or managed identity, command line.

It is made at the first use only, so that nothing is looked for where no token is sent.
"""

from __future__ import annotations

from typing import Any

AUTHORITIES = {
    "public": "login.microsoftonline.com",
    "china": "login.chinacloudapi.cn",
    "usgov": "login.microsoftonline.us",
}
"""Where each Azure cloud logs in."""


def credential_for(cloud: str, tenant_id: str | None) -> Any:
    """Return the default credential for a cloud, bound to a tenant where one is configured."""
    # NOTE: takes half a second to import, which a run on loopback does not need.
    from azure.identity import DefaultAzureCredential

    options: dict[str, Any] = {"authority": AUTHORITIES[cloud]}
    if tenant_id is None:
        return DefaultAzureCredential(**options)
    options["additionally_allowed_tenants"] = [tenant_id]
    return TenantCredential(DefaultAzureCredential(**options), tenant_id)


class TenantCredential:
    """A credential that asks for tokens of one tenant, whatever tenant it logs in to itself."""

    def __init__(self, inner: Any, tenant_id: str) -> None:
        self._inner = inner
        self._tenant_id = tenant_id

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Return a token of the tenant."""
        return self._inner.get_token(*scopes, **{"tenant_id": self._tenant_id, **options})

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """Return a token of the tenant, with its times."""
        wanted = {"tenant_id": self._tenant_id, **(options or {})}
        return self._inner.get_token_info(*scopes, options=wanted)
