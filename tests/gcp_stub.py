"""A loopback server that answers Google API calls with what a test scripts, faults included."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from auditor.collect.backoff import RETRIED
from auditor.collect.context import CollectContext
from auditor.collect.gcp.session import Account, GcpScope, accounts
from auditor.config import Config

Query = dict[str, str]
Reply = tuple[int | str, Any]
Script = Callable[[str, Query], Reply]
"""(path, query and JSON body) -> (status, body); the fault drop, cut, garbage or stall instead of
a status breaks the answer."""


class Stub:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.url = ""


def failure(status: int, reason: str, canonical: str | None = None) -> Reply:
    """Return an error as Compute Engine answers with it."""
    error: dict[str, Any] = {"code": status, "message": "secret body", "errors": []}
    error["errors"].append({"reason": reason, "domain": "global", "message": "secret body"})
    return status, {"error": {**error, **({"status": canonical} if canonical else {})}}


def handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query: dict[str, Any] = dict(parse_qsl(url.query))
            size = int(self.headers["content-length"] or 0)
            if size:
                query |= json.loads(self.rfile.read(size))
            with stub.lock:
                stub.calls[url.path] += 1
                stub.headers.append({k.lower(): v for k, v in self.headers.items()})
            status, body = stub.script(url.path, query)
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            if status == "drop":
                self.close_connection = True
                return
            self.send_response(status if isinstance(status, int) else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if status in ("cut", "stall"):
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                time.sleep(1.0 if status == "stall" else 0)
                self.close_connection = True
            else:
                self.wfile.write(data[: len(data) // 2] * 2 if status == "garbage" else data)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


@contextmanager
def serve(script: Script) -> Iterator[Stub]:
    stub = Stub(script)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(stub))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def use_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setitem(RETRIED, "throttled", 0.02)


def quick(seconds: float = 60.0, attempts: int = 3, read: float = 2.0) -> CollectContext:
    return CollectContext(
        deadline=time.monotonic() + seconds,
        connect_timeout=2.0,
        read_timeout=read,
        max_attempts=attempts,
    )


def config(stub: Stub, **gcp: Any) -> Config:
    return Config.model_validate({"gcp": {"endpoint": stub.url, **gcp}})


def opened(stub: Stub, context: CollectContext, **gcp: Any) -> tuple[Account, GcpScope]:
    gcp.setdefault("projects", ["demo"])
    account = accounts(config(stub, **gcp), context)[0]
    account.open()
    return account, account.scopes(regional=False)[0]
