"""HTTP on connections that are kept, such that one deadline holds for the whole exchange.

The timeouts of http.client start again with every byte that arrives and with every address of a host, so a server that
trickles could keep a call for ever. Here name, connect, send and recv each get what the deadline has left. `requests`
has the same gap, takes 0.6 ms of CPU more for each request of a call, and 0.1 s to be imported by a call without agent.
"""

from __future__ import annotations

import functools
import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import quote, urlsplit

from nuage_chain.bounded import TookTooLong, within
from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded

if TYPE_CHECKING:
    from typing_extensions import Buffer

LONGEST_WAIT = 10.0
CONNECTIONS_KEPT = 32
LONGEST_IDLE = 15.0
"""Seconds; after that a firewall may have forgotten a connection without a word, and a request would be lost."""
_LARGEST = 64 << 20
_AS_THEY_ARE = "!#$%&'()*+,/:;=?@[]~"


class TooLarge(OSError):
    """The answer is larger than anything that was asked for."""

    def __init__(self) -> None:
        super().__init__(None, "the answer is too long")


class NotConnected(OSError):
    """There is no connection, so nothing was sent; the text says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(None, reason)


@dataclass(frozen=True)
class Reply:
    """A whole response. headers: looked up without regard to case."""

    status: int
    reason: str
    headers: http.client.HTTPMessage
    content: bytes


class Connections:
    """Those to one server; takes nothing from the environment, keeps no cookies, never redirects. For several threads.

    base: the URL that every path is appended to. context: for https; of no interest where it is http. server_name: of
    the server's certificate, if not the URL's host. largest: bytes of an answer. clock: monotonic seconds.
    """

    def __init__(
        self,
        base: str,
        context: ssl.SSLContext | None,
        *,
        server_name: str | None = None,
        largest: int = _LARGEST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(base)
        self._host, self._path = parts.hostname or "", parts.path
        self._context = context if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._context else 80)
        self._server_name = server_name or self._host
        self._largest = largest
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[tuple[float, _Connection]] = []

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None, deadline: Deadline
    ) -> Reply:
        """One request and its whole response.

        Raises NotConnected, OSError, http.client.HTTPException, ValueError for what cannot be said in HTTP, and
        DeadlineExceeded before it starts.
        """
        deadline.left(f"{method} {path}")
        connection = self._take() or _Connection(self._host, self._port, self._context, self._server_name)
        try:
            connection.deadline = deadline
            connection.request(method, quote(self._path + path, safe=_AS_THEY_ARE), body, cast("Any", headers))
            response = connection.getresponse()
            reply = Reply(response.status, response.reason, response.headers, response.read(self._largest + 1))
            if len(reply.content) > self._largest:
                raise TooLarge
            if response.length:
                raise http.client.IncompleteRead(reply.content, response.length)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._give(connection)
        return reply

    def close(self) -> None:
        """Closes those that nobody uses; a further request opens another one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _take(self) -> _Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                since, connection = self._idle.pop()
            if self._clock() - since <= LONGEST_IDLE and connection.works():
                return connection
            connection.close()

    def _give(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle) < CONNECTIONS_KEPT:
                self._idle.append((self._clock(), connection))
                return
        connection.close()


class _Connection(http.client.HTTPConnection):
    """deadline: of the exchange that is under way."""

    deadline: Deadline

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, server_name: str) -> None:
        super().__init__(host, port)
        self._context = context
        self._server_name = server_name

    def connect(self) -> None:
        """Tries each address of the host."""
        sock = _connected(self.host, self.port, self.deadline)
        if self._context is not None:
            # The handshake goes by the socket's timeout.
            sock.settimeout(_wait(self.deadline))
            try:
                sock = self._context.wrap_socket(sock, server_hostname=self._server_name)
            except BaseException:
                sock.close()
                raise
        self.sock = cast("socket.socket", _TimedSocket(sock, self))

    def works(self) -> bool:
        """Whether the server has neither closed it meanwhile nor said what nobody asked for."""
        if self.sock is None:
            return False
        # Not select(2), which cannot do with more than 1024 descriptors.
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)


class _TimedSocket:
    """What http.client takes for a socket; each send and recv is limited by what the deadline has left."""

    def __init__(self, sock: socket.socket, connection: _Connection) -> None:
        self._sock = sock
        self._connection = connection
        self.fileno = sock.fileno
        self.close = sock.close

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_wait(self._connection.deadline))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_TimedReader(self._sock, self._connection.deadline)))


class _TimedReader(io.RawIOBase):
    """A response's bytes."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        # A makefile of the socket's own keeps it open while http.client has closed its side already.
        self._raw = cast("io.RawIOBase", sock.makefile("rb", buffering=0))
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        self._sock.settimeout(_wait(self._deadline))
        return cast("int | None", cast("Any", self._raw).readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


def _wait(deadline: Deadline) -> float:
    try:
        return deadline.left("the answer", LONGEST_WAIT)
    except DeadlineExceeded as used_up:
        raise TimeoutError(used_up.message) from None


def _connected(host: str, port: int, deadline: Deadline) -> socket.socket:
    last: OSError | None = None
    for family, kind, protocol, _, address in _addresses(host, port, deadline):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(_wait(deadline))
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            return sock
    said = "no answer" if isinstance(last, TimeoutError) else str(last)
    raise NotConnected(f"{host}: {said}") from last


def _addresses(host: str, port: int, deadline: Deadline) -> list[Any]:
    """As getaddrinfo has them. It waits for name servers as long as it likes, hence a thread where it asks any."""
    find = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        return find(flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    try:
        return within(_wait(deadline), find)
    except (TookTooLong, TimeoutError):
        raise NotConnected(f"{host}: its name is not resolved in time") from None
    except OSError as error:
        raise NotConnected(f"{host}: {error.strerror}") from error
