from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsd.session import Access, Session

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
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
    assert 0.3 < seconds_until_unreachable(f"{scheme}://127.0.0.1:{silent}", 0.4) < 0.8


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_that_cannot_be_made_is_given_up_at_the_deadline(full: int, host: str) -> None:
    assert 0.3 < seconds_until_unreachable(f"https://{host}:{full}", 0.4) < 0.8


def test_a_host_that_does_not_exist_is_unreachable() -> None:
    session = Session(Access("https://no-such-host.invalid", "csp", "csproot", password="p"))
    with pytest.raises(VsdUnreachable, match="cannot be reached"):
        session.get("zones", Deadline(10))
    session.close()


def test_every_address_of_a_host_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        # localhost may be ::1 first, where nobody listens.
        took = seconds_until_unreachable(f"http://localhost:{port}", 0.3)
    assert took > 0.2
