"""The simulated cloud as an HTTP server on loopback, for the length of a `with` block."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self, cast

from auditor.simcloud.faults import Fault, FaultPlan, spoil
from auditor.simcloud.http import Answer, Request

LOOPBACK = "127.0.0.1"
SHARES = {"stall": 0.0, "close": 0.0, "cut": 0.5, "stall_body": 0.5}
"""How much of the body is sent before the connection closes, by kind of fault."""
TICK = 0.1
"""Seconds between two pieces of a body that trickles."""


class Dispatcher(Protocol):
    """Answers the requests to one cloud; shared by all connections."""

    plan: FaultPlan
    calls: Counter[tuple[str, str, str]]
    lock: threading.Lock

    def answer(self, request: Request) -> tuple[Answer, list[Fault]]:
        """Return the answer to a request, and the faults that its delivery has to show."""
        ...


class SimCloud:
    """Serves one cloud on a free loopback port between `__enter__` and `__exit__`."""

    def __init__(self, dispatcher: Dispatcher, latency: float = 0.0, *, port: int = 0) -> None:
        self.latency = latency
        """Seconds that every answer waits; may be changed while it serves."""
        self.tls: ssl.SSLContext | None = None
        """Certificate to serve https with, if set before it serves; else it is plain http."""
        self._dispatcher = dispatcher
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._recordings: list[list[Request]] = []

    @property
    def url(self) -> str:
        """The endpoint to point the SDK at."""
        if self._server is None:
            raise RuntimeError("the simulated cloud is not running; use it in a with block")
        return f"{self.scheme}://{LOOPBACK}:{self._server.server_port}"

    @property
    def scheme(self) -> str:
        """What the URL starts with."""
        return "https" if self.tls else "http"

    @property
    def calls(self) -> Counter[tuple[str, str, str]]:
        """A copy of (account, region, action) -> number of requests received so far."""
        with self._dispatcher.lock:
            return Counter(self._dispatcher.calls)

    @property
    def faults(self) -> list[Fault]:
        """The faults in force."""
        return self._dispatcher.plan.faults

    def inject(self, *faults: Fault) -> None:
        """Replace the faults in force; none at all makes the cloud healthy again."""
        self._dispatcher.plan.replace(faults)

    @contextmanager
    def recording(self) -> Iterator[list[Request]]:
        """Collect the requests that come in during a `with` block, as they were sent."""
        requests: list[Request] = []
        self._recordings = [*self._recordings, requests]
        try:
            yield requests
        finally:
            self._recordings = [kept for kept in self._recordings if kept is not requests]

    def __enter__(self) -> Self:
        self._server = _Server((LOOPBACK, self._port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="simcloud", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is not None and thread is not None:
            server.shutdown()
            thread.join()
            server.server_close()

    def respond(self, request: Request, stopping: threading.Event) -> _Delivery:
        """Return what to send for a request, after the waiting that is due."""
        for requests in self._recordings:
            requests.append(request)
        answer, faults = self._dispatcher.answer(request)
        delivery = _Delivery(answer)
        if self.latency:
            stopping.wait(self.latency)
        for fault in faults:
            if fault.kind in ("delay", "stall"):
                stopping.wait(fault.seconds)
            delivery.spoil(fault)
        return delivery


class _Delivery:
    """An answer, how much of its body to send before the connection closes, and how fast."""

    __slots__ = ("answer", "hold", "share", "spread")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.share = 1.0
        self.hold = 0.0
        """Seconds of silence after a part of the body."""
        self.spread = 0.0
        """Seconds that the whole body takes."""

    def spoil(self, fault: Fault) -> None:
        """Make it show a fault of the delivery, if it is of that sort."""
        if fault.kind in ("malformed", "html"):
            self.answer = spoil(fault.kind, self.answer)
        self.share = SHARES.get(fault.kind, 1.0)
        self.hold = fault.seconds if fault.kind == "stall_body" else 0.0
        self.spread = fault.seconds if fault.kind == "trickle" else 0.0


class _Server(ThreadingHTTPServer):
    """A threading server that ends its open connections when it is closed."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], cloud: SimCloud) -> None:
        self.cloud = cloud
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)
        if cloud.tls is not None:
            # NOTE: the handshake is left to the thread of the connection; it may never come
            self.socket = cloud.tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        self.stopping.set()
        with self._open_lock:
            # NOTE: idle keep-alive connections would hold their threads until the client goes
            for connection in self._open:
                _hang_up(connection)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        host = self.headers.get("Host", f"{LOOPBACK}:{self.server.server_port}")
        cloud, headers = self.server.cloud, cast(Mapping[str, str], self.headers)
        request = Request(self.command, self.path, headers, body, f"{cloud.scheme}://{host}")
        delivery = cloud.respond(request, self.server.stopping)
        if delivery.share < 1.0:
            self.close_connection = True
        if delivery.share > 0.0:
            self._deliver(delivery)

    def _deliver(self, delivery: _Delivery) -> None:
        answer, stopping = delivery.answer, self.server.stopping
        payload = answer.body[: int(len(answer.body) * delivery.share)]
        head = (
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
            f"Content-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(answer.body)}\r\n"
            "Server: simcloud\r\n"
            + "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
            + "\r\n"
        )
        if not delivery.spread:
            # NOTE: one send for head and body; two would cost a delayed acknowledgement
            self.connection.sendall(head.encode() + payload)
            if delivery.hold:
                stopping.wait(delivery.hold)
            return
        self.connection.sendall(head.encode())
        size = max(1, int(len(payload) * TICK / delivery.spread))
        for start in range(0, len(payload), size):
            if stopping.wait(TICK):
                return
            self.connection.sendall(payload[start : start + size])

    do_GET = do_POST  # the names that the standard library calls

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: standard output and error belong to the caller."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was faster
