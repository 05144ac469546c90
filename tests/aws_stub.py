"""A loopback server that answers AWS query calls with what a test scripts, faults included."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

Params = dict[str, str]
Reply = tuple[int, str]
Script = Callable[[str, str, Params], Reply]
"""(region, action, parameters) -> (status, body); status -1 cuts the body in half."""


class Stub:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: Counter[tuple[str, str]] = Counter()
        self.agents: set[str] = set()
        self.lock = threading.Lock()
        self.url = ""


def result(action: str, inner: str) -> Reply:
    return 200, f"<{action}Response><requestId>r-1</requestId>{inner}</{action}Response>"


def error(code: str, status: int = 400) -> Reply:
    body = f"<Error><Code>{code}</Code><Message>secret body</Message></Error>"
    return status, f"<Response><Errors>{body}</Errors><RequestID>r-9</RequestID></Response>"


def identity(account: str = "111122223333") -> Reply:
    inner = f"<Account>{account}</Account><Arn>arn:aws:iam::{account}:user/u</Arn>"
    return 200, (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"{inner}</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def items(action: str, key: str, ids: list[str], tag: str, token: str | None = None) -> Reply:
    rows = "".join(f"<item><{tag}>{i}</{tag}></item>" for i in ids)
    after = f"<nextToken>{token}</nextToken>" if token else ""
    return result(action, f"<{key}>{rows}</{key}>{after}")


def handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            params = dict(parse_qsl(body))
            # NOTE: the signature names the region: Credential=KEY/date/region/service/...
            region = self.headers["authorization"].split("/")[2]
            action = params.get("Action") or self.headers.get("x-amz-target", "").split(".")[-1]
            with stub.lock:
                stub.calls[region, action] += 1
                stub.agents.add(self.headers["user-agent"])
            status, text = stub.script(region, action, params)
            data = text.encode()
            self.send_response(200 if status < 0 else status)
            self.send_header("content-type", "text/xml")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            if status < 0:
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                self.close_connection = True
            else:
                self.wfile.write(data)

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
