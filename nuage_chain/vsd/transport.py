"""HTTP over `requests` such that one deadline holds for the whole exchange.

The timeouts of `requests` start again with every byte that arrives and with every address of a host, so a
server that trickles could keep a call for ever. Here each connect and each recv gets what the deadline has left.
"""

from __future__ import annotations

import io
import socket
from contextvars import ContextVar
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from nuage_chain.errors import DeadlineExceeded

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from typing_extensions import Buffer

    from nuage_chain.deadline import Deadline

LONGEST_WAIT = 10.0
CONNECTIONS_KEPT = 32

# urllib3 makes connections and responses itself; this is how they learn of the caller's deadline.
_deadline: ContextVar[Deadline] = ContextVar("deadline")


def open_session(context: ssl.SSLContext | None, *, verify: bool) -> requests.Session:
    """A session that keeps connections, takes nothing from the environment, stores no cookies, never redirects.

    context: for https; None where the URL is http.
    """
    session = requests.Session()
    session.trust_env = False
    session.verify = verify
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(context)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    headers: Mapping[str, str | bytes],
    body: bytes | None,
    deadline: Deadline,
) -> requests.Response:
    """One request and its whole response. Raises what `requests` raises, and DeadlineExceeded before it starts."""
    wait = deadline.left(f"{method} {url}", LONGEST_WAIT)
    token = _deadline.set(deadline)
    try:
        return session.request(method, url, headers=headers, data=body, timeout=wait, allow_redirects=False)
    finally:
        _deadline.reset(token)


def _wait(deadline: Deadline) -> float:
    try:
        return deadline.left("VSD's answer", LONGEST_WAIT)
    except DeadlineExceeded as used_up:
        raise TimeoutError(used_up.message) from None


class _TimedReader(io.RawIOBase):
    """A response's bytes, each recv limited by what the deadline has left."""

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


class _TimedSource:
    """What http.client takes for a socket: all it asks of one is a file to read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, _mode: str) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_TimedReader(self._sock, _deadline.get())))


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - http.client's own
        super().__init__(cast("socket.socket", _TimedSource(sock)), *args, **kwargs)


def _connect(connection: HTTPConnection) -> socket.socket:
    host = connection._dns_host
    last: OSError | None = None
    try:
        addresses = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NewConnectionError(connection, f"{host}: {error.strerror}") from error
    for family, kind, protocol, _, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(_wait(_deadline.get()))
            sock.connect(address)
            # What is left now is for the TLS handshake, which goes by the socket's timeout.
            sock.settimeout(_wait(_deadline.get()))
        except OSError as error:
            sock.close()
            last = error
        else:
            return sock
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, f"{host}: no answer") from last
    raise NewConnectionError(connection, f"{host}: {last}") from last


class _Connection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _TlsConnection(HTTPSConnection):
    response_class = _Response

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def _validate_conn(self, conn: Any) -> None:  # noqa: ANN401 - the base class's own type is private
        """Connects, without urllib3's warning on stderr: who set `verify` to false knows."""
        if conn.sock is None:
            conn.connect()


class _Adapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=CONNECTIONS_KEPT)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests calls it
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests calls it
        """Nothing: the context knows the CAs, and requests would add those of certifi."""
