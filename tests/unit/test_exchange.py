from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain import exchange
from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdUnreachable
from nuage_chain.exchange import Connections, Reply, TooLarge
from nuage_chain.vsd.session import Access, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listening:
        yield listening.getsockname()[1]


@contextlib.contextmanager
def full() -> Iterator[int]:
    """A port whose queue is full, so that the kernel drops every further request for a connection."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listening.getsockname()[1]
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield port


def seconds_until_unreachable(url: str, deadline: float) -> float:
    session = Session(Access(url, "csp", "csproot", password="p"))
    start = time.monotonic()
    with pytest.raises(VsdUnreachable):
        session.get("zones", Deadline(deadline))
    session.close()
    return time.monotonic() - start


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_is_given_up_at_the_deadline(silent: int, scheme: str) -> None:
    assert 0.3 < seconds_until_unreachable(f"{scheme}://127.0.0.1:{silent}", 0.4) < 3


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_that_cannot_be_made_is_given_up_at_the_deadline(host: str) -> None:
    with full() as port:
        assert 0.3 < seconds_until_unreachable(f"https://{host}:{port}", 0.4) < 3


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    session = Session(Access("https://no-such-host.invalid", "csp", "csproot", password="p"))
    with pytest.raises(VsdUnreachable, match="cannot be reached"):
        session.get("zones", Deadline(10))
    session.close()


def test_a_host_whose_name_nobody_resolves_is_given_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hangs(*_: Any, flags: int = 0, **__: Any) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            released.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    try:
        assert seconds_until_unreachable("https://vsd.invalid", 0.4) < 5
    finally:
        released.set()


def test_every_address_of_a_host_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # localhost may be ::1 first, where nobody listens.
        took = seconds_until_unreachable(f"http://localhost:{port}", 0.3)
    assert took > 0.2


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], Answering]]:
    """A server on whose every connection each request gets the same bytes."""
    with contextlib.ExitStack() as stack:
        yield lambda answer: stack.enter_context(Answering(answer))


class Answering:
    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections = self.forgotten = 0
        self.heads: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with sock, contextlib.suppress(OSError):
            while head := sock.recv(65536):
                self.heads.append(head)
                if number <= self.forgotten:
                    continue
                sock.sendall(self._answer)
                if b"keep-alive" not in self._answer:
                    return


def asked(connections: Connections, path: str = "x", **headers: str) -> Reply:
    return connections.exchange("GET", path, headers, None, Deadline(5))


@pytest.mark.parametrize(
    ("answer", "opened"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", 1),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 1),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 3),
        (b"HTTP/1.0 200 OK\r\n\r\nhi", 3),
    ],
)
def test_a_connection_is_used_again_for_as_long_as_the_server_keeps_it(
    answering: Callable[[bytes], Answering], answer: bytes, opened: int
) -> None:
    server = answering(answer)
    connections = Connections(f"{server.url}/base/", None)
    for _ in range(3):
        assert asked(connections).content == b"hi"
        # A server that closes does so a moment after its answer.
        time.sleep(0.05)
    assert server.connections == opened
    assert server.heads[0].startswith(b"GET /base/x HTTP/1.1\r\nHost: 127.0.0.1:")
    connections.close()
    asked(connections)
    assert server.connections == opened + 1


def test_an_answer_that_ends_too_early_is_none(answering: Callable[[bytes], Answering]) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n[]")
    with pytest.raises(http.client.IncompleteRead):
        asked(Connections(server.url, None))


@pytest.mark.parametrize("head", [b"Content-Length: 5\r\n", b""])
def test_an_answer_is_at_most_as_large_as_was_said(answering: Callable[[bytes], Answering], head: bytes) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\n" + head + b"\r\nhello")
    assert asked(Connections(server.url, None, largest=5)).content == b"hello"
    with pytest.raises(TooLarge):
        asked(Connections(server.url, None, largest=4))


def test_what_would_end_a_line_of_the_request_is_not_sent(answering: Callable[[bytes], Answering]) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    connections = Connections(server.url, None)
    with pytest.raises(ValueError, match="Invalid header value"):
        asked(connections, Name="a\r\nX-Evil: 1")
    assert asked(connections, "/a b\r\n%ü").status == 200
    assert server.heads == [h for h in server.heads if h.startswith(b"GET /a%20b%0D%0A%%C3%BC HTTP/1.1\r\n")]


def test_what_a_firewall_may_have_forgotten_meanwhile_is_not_sent_on(
    answering: Callable[[bytes], Answering], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LONGEST_WAIT", 1.0)
    server = answering(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi")
    now = 0.0
    connections = Connections(server.url, None, clock=lambda: now)
    asked(connections)
    now += exchange.LONGEST_IDLE
    asked(connections)
    assert server.connections == 1
    server.forgotten = 1
    now += exchange.LONGEST_IDLE + 0.1
    assert asked(connections).content == b"hi"
    assert (server.connections, len(server.heads)) == (2, 3)
