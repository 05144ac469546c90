"""Sends one request to a Google API until it succeeds or gives up.

Plain REST and JSON: the generated clients cost fourteen times the CPU per instance, and retry
neither throttles nor dropped connections nor cut bodies. No credential is sent over plain http.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter

from auditor import __version__
from auditor.collect.backoff import Budget, persist
from auditor.collect.context import CollectContext
from auditor.collect.gcp.errors import SDK_ERRORS, ApiError, MalformedError, classify

CONNECTIONS = 32
"""Pooled connections per project: several tables, eight calls at once each."""

HOSTS = {
    "compute": "https://compute.googleapis.com",
    "logging": "https://logging.googleapis.com",
    "cloudresourcemanager": "https://cloudresourcemanager.googleapis.com",
    "iam": "https://iam.googleapis.com",
}
"""Public endpoint of each API that is called."""

_OK = 200

Answer = dict[str, Any]


class Transport:
    """HTTP to Google APIs for one project; safe to share between threads."""

    def __init__(
        self,
        label: str,
        context: CollectContext,
        *,
        hosts: Mapping[str, str],
        authorize: Callable[[], requests.Session],
    ) -> None:
        self.label = label
        """Whose calls these are, in words for a person."""
        self.context = context
        self._hosts = {name: url.rstrip("/") for name, url in hosts.items()}
        self._authorize = authorize
        self._budgets: dict[str, Budget] = {}
        self._sessions: dict[bool, requests.Session] = {}
        self._lock = threading.Lock()

    def send(
        self,
        service: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        operation: str | None = None,
    ) -> Answer:
        """Return the JSON object that an API answers with.

        Raises `CollectError` once the tries, the budget of the API or the deadline are used up.
        """
        operation = operation or f"{service} {method} {path}"
        with self._lock:
            budget = self._budgets.setdefault(service, Budget())
        return persist(
            lambda: self._once(service, method, path, query, body, operation),
            self.context,
            budget,
            errors=SDK_ERRORS,
            meaning=lambda exc: classify(
                exc, self.label, operation=operation, endpoint=self._hosts[service]
            ),
        )

    def login(self) -> None:
        """Resolve the credentials now, so that their absence is known before anything is read."""
        for host in self._hosts.values():
            self._session(host)

    def close(self) -> None:
        """Let go of all connections; they are opened anew if a call follows."""
        with self._lock:
            for session in self._sessions.values():
                session.close()
            self._sessions.clear()

    def _once(
        self,
        service: str,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        operation: str,
    ) -> Answer:
        host = self._hosts[service]
        response = self._session(host).request(
            method,
            f"{host}{path}",
            params=query,
            data=None if body is None else orjson.dumps(body),
            headers={} if body is None else {"Content-Type": "application/json"},
            timeout=(self.context.connect_timeout, self.context.read_timeout),
            allow_redirects=False,
        )
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            answer = None
        if response.status_code != _OK:
            raise ApiError(operation, response.status_code, answer)
        if not isinstance(answer, dict):
            raise MalformedError(operation, host)
        return answer

    def _session(self, host: str) -> requests.Session:
        """Return a session that carries credentials only where the connection is encrypted."""
        secure = urlsplit(host).scheme == "https"
        with self._lock:
            if secure not in self._sessions:
                session = self._authorize() if secure else _anonymous()
                session.headers["User-Agent"] = f"cloud-baseline-auditor/{__version__}"
                adapter = HTTPAdapter(pool_connections=4, pool_maxsize=CONNECTIONS)
                session.mount("https://" if secure else "http://", adapter)
                self._sessions[secure] = session
            return self._sessions[secure]


def _anonymous() -> requests.Session:
    """Return a session without credentials, which takes neither a proxy nor a netrc file."""
    session = requests.Session()
    session.trust_env = False
    return session
