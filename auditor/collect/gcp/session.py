"""Google Cloud projects: which there are, and how to log in to them.

Credentials are resolved here and nowhere else: the application default credentials, with scopes
that can read and nothing more. An endpoint over plain http, on loopback, gets none.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import google.auth
import requests
from google.auth.credentials import Credentials
from google.auth.transport.requests import AuthorizedSession

from auditor.collect.context import CollectContext
from auditor.collect.gcp.errors import classify
from auditor.collect.gcp.scope import GcpScope, Options
from auditor.collect.gcp.transport import HOSTS, Transport
from auditor.config import Config, GcpConfig, on_loopback
from auditor.errors import CollectError
from auditor.model import Scope, Status

__all__ = ["Account", "GcpScope", "accounts", "classify", "permissions"]

OAUTH_SCOPES = tuple(
    f"https://www.googleapis.com/auth/{name}"
    for name in ("compute.readonly", "logging.read", "cloudplatformprojects.readonly")
)
"""What a service account's token may be used for."""

ROLES_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The one scope in which roles can be read; what the token then may do, the role of the account
limits (https://cloud.google.com/iam/docs/reference/rest/v1/roles/get)."""


def accounts(config: Config, context: CollectContext) -> list[Account]:
    """Return the projects to read: configured, found under a parent, or the default one.

    Raises `CollectError` or an error of the login where they cannot be listed.
    """
    login = _Login(config.gcp, context)
    parents = config.gcp.parents
    if config.gcp.projects:
        projects = sorted(set(config.gcp.projects))
    elif parents:
        lister = Transport(
            " and ".join(parents), context, hosts=login.hosts, authorize=login.authorize
        )
        try:
            projects, parents = _under(parents, lister)
        finally:
            lister.close()
        if not projects:
            raise CollectError(
                f"no active project was found under {' or '.join(config.gcp.parents)}",
                status=Status.DENIED,
                kind="denied",
                hint="let the credentials get the projects there: audit permissions gcp",
            )
    else:
        projects = [login.default_project()]
    # NOTE: policies of folders belong to no project; the first one's scope reads them, once.
    return [
        Account(project, login, parents if number == 0 else ())
        for number, project in enumerate(projects)
    ]


def permissions(config: Config) -> list[str]:
    """Return what finding the projects needs, besides the tables' own."""
    if config.gcp.projects or not config.gcp.parents:
        return []
    return ["resourcemanager.folders.list", "resourcemanager.projects.get"]


class _Login:
    """What the projects of one run share: configuration, endpoints and credentials."""

    def __init__(self, config: GcpConfig, context: CollectContext) -> None:
        self.config = config
        self.context = context
        self.hosts = _hosts(config)
        self._lock = threading.Lock()
        self._resolved: tuple[Credentials, str | None] | None = None

    def authorize(self) -> requests.Session:
        """Return a session that sends a token with each request and renews it in time."""
        credentials, _ = self._credentials()
        # NOTE: the SDK's own types leave this class out.
        make = cast(Callable[..., requests.Session], AuthorizedSession)
        return make(credentials, refresh_timeout=self.context.read_timeout)

    def default_project(self) -> str:
        """Return the project that the environment or the default credentials name."""
        project = os.environ.get("GOOGLE_CLOUD_PROJECT")
        if not project and urlsplit(self.hosts["compute"]).scheme == "https":
            project = self._credentials()[1]
        if not project:
            raise CollectError(
                "the default credentials name no project",
                status=Status.DENIED,
                kind="credentials",
                hint="list the projects in gcp.projects",
            )
        return project

    def _credentials(self) -> tuple[Credentials, str | None]:
        with self._lock:
            if self._resolved is None:
                more = (ROLES_SCOPE,) if self.config.instance_creators else ()
                self._resolved = google.auth.default(scopes=(*OAUTH_SCOPES, *more))
            return self._resolved


class Account:
    """One project: `open()` resolves the credentials, `scopes()` hands it to the engine."""

    cloud = "gcp"

    def __init__(self, project: str, login: _Login, parents: tuple[str, ...]) -> None:
        self.account_id: str | None = project
        self.label = project
        """The project in words for a person."""
        self._transport = Transport(
            f"project {project}", login.context, hosts=login.hosts, authorize=login.authorize
        )
        config = login.config
        options = Options(config.iam, config.audit_log, parents, config.instance_creators)
        self._scope = GcpScope(Scope("gcp", project, "global"), self._transport, options)

    def open(self) -> None:
        """Resolve the credentials; raises an error of the login where there are none."""
        self._transport.login()

    def scopes(self, *, regional: bool) -> list[GcpScope]:  # noqa: ARG002  # one for both
        """Return the one scope of the project: its listings cover all zones and regions."""
        return [self._scope]

    def close(self) -> None:
        """Let go of all connections."""
        self._transport.close()


def _hosts(config: GcpConfig) -> dict[str, str]:
    """Return the endpoint of each API; a simulated cloud on loopback answers for all of them."""
    hosts = dict(HOSTS)
    if config.endpoint:
        if on_loopback(config.endpoint):
            hosts = dict.fromkeys(HOSTS, config.endpoint)
        hosts["compute"] = config.endpoint
    if config.logging_endpoint:
        hosts["logging"] = config.logging_endpoint
    return hosts


def _under(roots: tuple[str, ...], transport: Transport) -> tuple[list[str], tuple[str, ...]]:
    """Return the active projects anywhere under some parents, and all their parents."""
    found: set[str] = set()
    parents = list(roots)
    for folder in parents:  # NOTE: grows while it is walked
        search = {"query": f"parent:{folder}"}
        for raw in _listed(transport, "/v3/projects:search", "projects", search):
            if raw.get("parent") == folder and raw.get("state") == "ACTIVE":
                found.add(str(raw["projectId"]))
        for raw in _listed(transport, "/v3/folders", "folders", {"parent": folder}):
            if raw.get("state") == "ACTIVE" and raw["name"] not in parents:
                parents.append(str(raw["name"]))
    return sorted(found), tuple(parents)


def _listed(
    transport: Transport, path: str, key: str, query: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the items of a listing of the resource manager."""
    seen: set[str] = set()
    asked: dict[str, Any] = {"pageSize": 300, **query}
    while True:
        answer = transport.send("cloudresourcemanager", "GET", path, query=asked)
        yield from answer.get(key) or ()
        token = answer.get("nextPageToken")
        if not token:
            return
        if token in seen:
            raise CollectError(
                f"{path}: the service repeated a page token",
                status=Status.TRUNCATED,
                kind="malformed",
            )
        seen.add(token)
        asked["pageToken"] = token
