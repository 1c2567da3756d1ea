from __future__ import annotations

import base64
import contextlib
import logging
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nuage_chain.vsp.vsd.server import VsdServer
    from tests.unit.vsp.vsd.conftest import Rest, Topology

TOKEN = base64.b64encode(b"csproot:first-password").decode()
HEAD = f"Authorization: XREST {TOKEN}\r\nX-Nuage-Organization: csp\r\nHost: x\r\n"


def plain(server: VsdServer) -> socket.socket:
    where = urlsplit(server.url)
    assert where.hostname is not None
    assert where.port is not None
    return socket.create_connection((where.hostname, where.port), timeout=5)


@pytest.fixture
def wire(server: VsdServer) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(server.ca))
    with plain(server) as raw, context.wrap_socket(raw, server_hostname="localhost") as secured:
        yield secured


def exchange(wire: ssl.SSLSocket, request: str, body: bytes = b"") -> tuple[bytes, bytes]:
    """Head and body of the answer to one request."""
    wire.sendall(request.encode() + b"\r\n" + body)
    head, rest = b"", b""
    while b"\r\n\r\n" not in head:
        received = wire.recv(65536)
        assert received, f"the server hung up after {head!r}"
        head += received
    head, _, rest = head.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    wanted = int(lengths[0]) if lengths else 0
    while len(rest) < wanted:
        rest += wire.recv(65536)
    return head, rest


def test_one_connection_carries_many_requests_with_bodies_that_nobody_needs(wire: ssl.SSLSocket) -> None:
    for _ in range(3):
        request = f"GET /nuage/api/v6/enterprises HTTP/1.1\r\n{HEAD}Content-Length: 4\r\n"
        head, body = exchange(wire, request, b"null")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert (b"Content-Length: 0" in head, body) == (True, b"")


def test_an_answer_to_a_delete_has_no_length_and_does_not_end_the_connection(
    wire: ssl.SSLSocket, rest: Rest, topology: Topology
) -> None:
    head, _ = exchange(wire, f"DELETE /nuage/api/v6/domains/{topology.lab} HTTP/1.1\r\n{HEAD}")
    assert head.startswith(b"HTTP/1.1 204 No Content")
    assert b"content-length" not in head.lower()
    head, _ = exchange(wire, f"GET /nuage/api/v6/domains/{topology.lab} HTTP/1.1\r\n{HEAD}")
    assert head.startswith(b"HTTP/1.1 404")
    assert rest.get(f"domains/{topology.lab}").status_code == 404


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("Content-Length: 99999999999\r\n", b"413"),
        ("Content-Length: -1\r\n", b"411"),
        ("Content-Length: x\r\n", b"411"),
        ("Transfer-Encoding: chunked\r\n", b"411"),
    ],
)
def test_a_body_whose_length_cannot_be_is_refused(wire: ssl.SSLSocket, line: str, status: bytes) -> None:
    head, _ = exchange(wire, f"POST /nuage/api/v6/enterprises HTTP/1.1\r\n{HEAD}{line}")
    assert head.split()[1] == status


def test_a_filter_beyond_ascii_is_read_as_utf8(wire: ssl.SSLSocket, rest: Rest) -> None:
    rest.make("enterprises", name="Ünïcøde")
    request = f'GET /nuage/api/v6/enterprises HTTP/1.1\r\n{HEAD}X-Nuage-Filter: name == "Ünïcøde"\r\n'
    head, _ = exchange(wire, request)
    assert b"X-Nuage-Count: 1" in head


def test_clients_that_stall_hold_up_nobody(server: VsdServer, rest: Rest) -> None:
    stalled = [plain(server) for _ in range(20)]
    stalled[0].sendall(b"\x16\x03")
    try:
        begun = time.monotonic()
        assert rest.get("enterprises").status_code == 200
        assert time.monotonic() - begun < 2
    finally:
        for connection in stalled:
            connection.close()


def test_garbage_instead_of_tls_ends_only_its_own_connection(server: VsdServer, rest: Rest) -> None:
    with plain(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(1000):
                pass
    assert rest.get("enterprises").status_code == 200


def test_stopping_ends_idle_connections_and_polls_at_once(
    make_server: Callable[..., VsdServer], seeded: tuple[object, str]
) -> None:
    server = make_server(poll_time=60.0)
    context = ssl.create_default_context(cafile=str(server.ca))
    token = base64.b64encode(f"csproot:{seeded[1]}".encode()).decode()
    head = f"Authorization: XREST {token}\r\nX-Nuage-Organization: csp\r\n"
    answers: list[bytes] = []
    with context.wrap_socket(plain(server), server_hostname="localhost") as idle:
        with context.wrap_socket(plain(server), server_hostname="localhost") as polling:
            request = f"GET /nuage/api/v6/events HTTP/1.1\r\n{head}"
            poll = threading.Thread(target=lambda: answers.append(exchange(polling, request)[1]))
            poll.start()
            time.sleep(0.2)
            begun = time.monotonic()
            server.stop()
            assert time.monotonic() - begun < 1.5
            poll.join(5)
        assert idle.recv(1) == b""
    assert answers[0].startswith(b'{"events":[]')


def test_the_log_says_who_asked_for_what_and_no_secret(
    rest: Rest, topology: Topology, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "nuage_chain.vsp.vsd.access"):
        rest.get(f"zones/{topology.zone}")
        rest.call("PUT", f"users/{rest.one('me')['ID']}", {"password": "tell-nobody"})
    text = caplog.text
    assert f"csproot@CSP GET /nuage/api/v6/zones/{topology.zone} 200" in text
    assert "tell-nobody" not in text
    assert str(rest.session.headers["Authorization"]).split()[1] not in text
