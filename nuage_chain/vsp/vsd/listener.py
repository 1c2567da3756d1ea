"""HTTP/1.1 over TLS around the API: one thread a connection, kept alive, one write a response.

The TLS handshake happens in the connection's own thread and everything has a time limit, so that a client that stalls
holds up nobody but itself.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from nuage_chain.vsp.vsd.messages import Answer, Call

HANDSHAKE_SECONDS = 10.0
REQUEST_SECONDS = 30.0
IDLE_SECONDS = 600.0
_PHRASES = {419: "Authentication Expired"}
MAX_BODY = 16 * 1024 * 1024

ACCESS = logging.getLogger("nuage_chain.vsp.vsd.access")

Answering = Callable[[Call], tuple[Answer, str]]


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A listening socket and its connections.

    address: (host, port), port 0 for any free one; context: TLS, with client certificates where it asks for them.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, answering: Answering) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.context = context
        self.answering = answering
        self._connections: dict[ssl.SSLSocket, bool] = {}
        self._changed = threading.Condition()
        self._stopping = False
        super().__init__(address, _Connection)

    @property
    def port(self) -> int:
        """The port that it really listens on."""
        return int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """Serve one connection until it ends."""
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request.settimeout(HANDSHAKE_SECONDS)
        with self.context.wrap_socket(request, server_side=True) as secured:
            try:
                if self.mark(secured, busy=False):
                    _Connection(secured, client_address, self)
            finally:
                with self._changed:
                    self._connections.pop(secured, None)
                    self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the base class's
        """A connection that broke concerns only its client."""
        logging.getLogger(__name__).debug("Connection from %s ended: %s", client_address, sys.exc_info()[1])

    def mark(self, connection: ssl.SSLSocket, *, busy: bool) -> bool:
        """Note whether a connection is within a request; False when no more requests are to be read from it."""
        with self._changed:
            self._connections[connection] = busy
            self._changed.notify_all()
            return not self._stopping

    def stop(self, seconds: float) -> None:
        """Accept nothing more, let requests under way finish for at most `seconds`, then cut what is left."""
        # Waking the accepting thread first spares waiting for its poll interval.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()
        self.server_close()
        with self._changed:
            self._stopping = True
            self._cut(busy=False)
            self._changed.wait_for(lambda: not any(self._connections.values()), seconds)
            self._cut(busy=True)
            self._changed.wait_for(lambda: not self._connections, seconds)

    def _cut(self, *, busy: bool) -> None:
        for connection, is_busy in self._connections.items():
            if is_busy == busy:
                _shut(connection)


def _shut(connection: socket.socket) -> None:
    try:
        # Not SSLSocket.shutdown, which would drop the TLS state under a thread that is still writing with it.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return


class _Connection(BaseHTTPRequestHandler):
    """Reads requests off one connection and writes the answers."""

    protocol_version = "HTTP/1.1"
    server_version = "nuage-chain-vsd"
    sys_version = ""
    server: Listener
    connection: ssl.SSLSocket

    def handle_one_request(self) -> None:
        """One request, from its first byte to the answer."""
        self.close_connection = True
        try:
            self.connection.settimeout(IDLE_SECONDS)
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.server.mark(self.connection, busy=True):
                return
            self.connection.settimeout(REQUEST_SECONDS)
            if self.parse_request():
                self._respond()
        except (OSError, ssl.SSLError):
            self.close_connection = True
        finally:
            if not self.server.mark(self.connection, busy=False):
                self.close_connection = True

    def _respond(self) -> None:
        begun = time.monotonic()
        call = self._call()
        if call is None:
            return
        answer, caller = self.server.answering(call)
        # The poll of /events may have taken longer than a request may.
        self.connection.settimeout(REQUEST_SECONDS)
        self._write(answer)
        spent = (time.monotonic() - begun) * 1000
        path = self.path.encode("unicode_escape").decode()
        ACCESS.info("%s %s %s %s %d %.1fms", self.client_address[0], caller, call.method, path, answer.status, spent)

    def _call(self) -> Call | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            self.send_error(411)
            return None
        if int(length) > MAX_BODY:
            self.send_error(413)
            return None
        body = self.rfile.read(int(length)) if int(length) else b""
        if len(body) < int(length):
            return None
        path, _, query = self.path.partition("?")
        headers = {name.lower(): _as_text(value) for name, value in self.headers.items()}
        return Call(self.command, path, query, headers, body, _subject(self.connection))

    def _write(self, answer: Answer) -> None:
        phrase = _PHRASES.get(answer.status) or self.responses[HTTPStatus(answer.status)][0]
        lines = [
            f"{self.protocol_version} {answer.status} {phrase}",
            f"Server: {self.server_version}",
            f"Date: {self.date_time_string()}",
            *(f"{name}: {_one_line(value)}" for name, value in answer.headers.items()),
        ]
        if answer.status != 204:
            lines.append(f"Content-Length: {len(answer.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Complaints of the parser; requests are logged by `_respond`."""
        ACCESS.info("%s %s", self.client_address[0], (format % args).encode("unicode_escape").decode())


def _as_text(value: str) -> str:
    """Python reads headers as Latin-1; clients that send a name beyond ASCII in a filter mean UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _one_line(value: str) -> str:
    """A header's value cannot begin another header."""
    return value.replace("\r", " ").replace("\n", " ")


def _subject(connection: ssl.SSLSocket) -> Mapping[str, str] | None:
    """The subject of the verified client certificate, such as commonName and organizationName."""
    certificate = connection.getpeercert()
    if not certificate:
        return None
    # getpeercert: a tuple of relative names, each a tuple of (name, value) pairs.
    return {str(pair[0]): str(pair[1]) for relative in certificate.get("subject", ()) for pair in relative}
