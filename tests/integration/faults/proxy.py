"""The embedded VSD behind a proxy that breaks what it is told to break; everything else is the real one's."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from nuage_chain.vsd.access import Access
from nuage_chain.vsp.vsd import tls

Fault = Callable[["Handler", Callable[[], requests.Response]], None]


@dataclass
class Proxy:
    """fault: what happens to requests whose `METHOD path` fits `which`, `times` times. asked: all of them."""

    access: Access
    url: str = ""
    which: str = "$^"
    fault: Fault | None = None
    times: int = 0
    asked: list[str] = field(default_factory=list)

    def breaks(self, which: str, fault: Fault, times: int = 1) -> None:
        self.which, self.fault, self.times = which, fault, times

    def takes(self, what: str) -> Fault | None:
        self.asked.append(what)
        if self.times and self.fault and re.search(self.which, what):
            self.times -= 1
            return self.fault
        return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.takes(f"{self.command} {self.path}")

        def forward() -> requests.Response:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            return requests.request(
                self.command, self.proxy.access.url + self.path, headers=headers, data=body, timeout=30,
                verify=str(self.proxy.access.ca),
            )  # fmt: skip

        if fault is not None:
            fault(self, forward)
            return
        real = forward()
        self.say(real.status_code, real.content, dict(real.headers))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._do
        raise AttributeError(name)

    def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        """Quiet."""


def says(status: int, body: bytes = b"") -> Fault:
    return lambda handler, _: handler.say(status, body)


def refuses(code: int) -> Fault:
    """409 with one of VSD's internal codes, in the shape of its errors (shared/contracts/vsd-rest.md 1.7)."""
    body = (
        f'{{"internalErrorCode": {code}, "errors": [{{"property": "", "descriptions": '
        f'[{{"title": "Refused", "description": "On purpose."}}]}}]}}'
    )
    return says(409, body.encode())


def silent(seconds: float) -> Fault:
    def fault(handler: Handler, _: Callable[[], requests.Response]) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return fault


def slow(seconds: float) -> Fault:
    def fault(handler: Handler, forward: Callable[[], requests.Response]) -> None:
        real = forward()
        time.sleep(seconds)
        handler.say(real.status_code, real.content, dict(real.headers))

    return fault


def loses_the_answer(handler: Handler, forward: Callable[[], requests.Response]) -> None:
    """VSD has carried it out, and nobody hears of it."""
    forward()
    handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: object) -> None:
        """A client that goes away is what some tests are about."""


@contextmanager
def proxied(access: Access, authority: Path) -> Iterator[Proxy]:
    ca = tls.create_ca(authority)
    pair = tls.issue_server(authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    proxy = Proxy(access)
    server = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"proxy": proxy}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    proxy.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        assert ca.certificate.exists()
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
