"""A loopback server that answers resource manager calls as a test scripts, faults included."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from auditor.collect.azure.scope import AzureScope
from auditor.collect.azure.session import Account, accounts
from auditor.collect.context import CollectContext
from auditor.config import Config

SUBSCRIPTION = "00000000-0000-0000-0000-0000000000aa"
BASE = f"/subscriptions/{SUBSCRIPTION}"


@dataclass(frozen=True)
class Reply:
    body: Any = None
    status: int = 200
    fault: str = ""
    """`close` before the answer, `cut` or `stall` in the middle of it."""
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[str, str, dict[str, str], Any], Reply]
"""(method, path, query, body) -> reply."""


class Stub:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: Counter[str] = Counter()
        self.requests: list[dict[str, str]] = []
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.url = ""


def value(*items: Any, link: str | None = None) -> Reply:
    return Reply({"value": list(items), **({"nextLink": link} if link else {})})


def error(code: str, status: int, **headers: str) -> Reply:
    body = {"error": {"code": code, "message": "secret body"}}
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return Reply(body, status, headers={"x-ms-request-id": "r-9", **named})


def handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            with stub.lock:
                stub.calls[path] += 1
                stub.requests.append({k.lower(): v for k, v in self.headers.items()})
            reply = stub.script(self.command, path, dict(parse_qsl(parts.query)), body)
            self.answer(reply)

        do_POST = do_GET

        def answer(self, reply: Reply) -> None:
            if reply.fault == "close":
                self.close_connection = True
                return
            text = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, content in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, content)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text[: len(text) // 2] if reply.fault else text)
            self.wfile.flush()
            if reply.fault == "stall":
                stub.released.wait(20)
            self.close_connection = bool(reply.fault)

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
        stub.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def quick(*, seconds: float = 60.0, attempts: int = 3) -> CollectContext:
    return CollectContext(
        deadline=time.monotonic() + seconds,
        connect_timeout=2.0,
        read_timeout=0.5,
        max_attempts=attempts,
    )


def config(url: str, **azure: Any) -> Config:
    listed = azure.pop("subscriptions", [SUBSCRIPTION])
    settings = {"enabled": True, "base_url": url, "subscriptions": listed, **azure}
    return Config.model_validate({"azure": settings})


@contextmanager
def scope_of(
    script: Script, context: CollectContext | None = None, **azure: Any
) -> Iterator[tuple[AzureScope, Stub]]:
    """Serve a script and hand out the scope of the one subscription."""
    with serve(script) as stub:
        account: Account = accounts(config(stub.url, **azure), context or quick())[0]
        try:
            yield account.scopes(regional=False)[0], stub
        finally:
            account.close()
