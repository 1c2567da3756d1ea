from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded, VsdUnreachable
from nuage_chain.vsd.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.vsd.conftest import Clock, Handler, ScriptedVsd

VPORT = {"name": "nu1", "externalID": "c1/eth0@node"}


def test_503_is_tried_again_a_few_times(session: Session, vsd: ScriptedVsd, clock: Clock) -> None:
    busy = vsd.reply(503, {"errors": "busy"})
    vsd.on("POST", "zones", busy, busy, vsd.reply(201, [{"ID": "1"}]))
    assert session.create("zones", VPORT, Deadline(60, clock)) == {"ID": "1"}
    assert clock.slept == [0.2, 0.5]


def test_503_that_stays_is_an_error_with_the_words_of_vsd(session: Session, vsd: ScriptedVsd, clock: Clock) -> None:
    vsd.on("GET", "zones", vsd.reply(503, {"errors": "maintenance until noon"}))
    with pytest.raises(VsdUnreachable, match="maintenance until noon"):
        session.get("zones", Deadline(60, clock))
    assert len(vsd.asks("GET", "zones")) == 5


def test_503_is_not_waited_for_longer_than_the_deadline(session: Session, vsd: ScriptedVsd, clock: Clock) -> None:
    vsd.on("GET", "zones", vsd.reply(503, {"errors": "busy"}))
    with pytest.raises(VsdUnreachable, match="busy"):
        session.get("zones", Deadline(0.6, clock))
    assert clock.slept == [0.2]


def test_500_is_not_tried_again(session: Session, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.error(500, None, "null pointer"))
    with pytest.raises(VsdUnreachable, match="null pointer"):
        session.get("zones", Deadline(5))
    assert len(vsd.asks("GET", "zones")) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_dropped_connection_is_tried_again_once(session: Session, vsd: ScriptedVsd, method: str) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "GET": lambda: session.get("zones/1", Deadline(5)),
        "PUT": lambda: session.update("zones/1", {"name": "a"}, Deadline(5)),
        "DELETE": lambda: session.delete("zones/1", Deadline(5)),
    }
    vsd.on(method, "zones/1", vsd.drop(), vsd.reply(204))
    calls[method]()
    vsd.on(method, "zones/1", vsd.drop())
    with pytest.raises(VsdUnreachable, match="dropped"):
        calls[method]()
    assert len(vsd.asks(method, "zones/1")) == 4


def test_connections_are_kept_open(session: Session, vsd: ScriptedVsd) -> None:
    peers = set()

    def remember(handler: Handler) -> None:
        peers.add(handler.client_address)
        handler.give(vsd.reply(200, [{"ID": "1"}]))

    vsd.on("GET", "zones/1", vsd.act(remember))
    for _ in range(5):
        session.get("zones/1", Deadline(5))
    assert len(peers) == 1


def test_a_server_that_is_down_is_named(session: Session, vsd: ScriptedVsd) -> None:
    vsd.stop()
    with pytest.raises(VsdUnreachable, match="Connection refused") as caught:
        session.get("zones", Deadline(5))
    assert vsd.url in caught.value.message


@pytest.mark.parametrize(
    ("head", "forever"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-More: x\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"", b""),
    ],
    ids=["headers", "one header", "body", "chunks", "silence"],
)
def test_a_server_that_trickles_does_not_stretch_the_deadline(
    session: Session, vsd: ScriptedVsd, head: bytes, forever: bytes
) -> None:
    vsd.on("GET", "zones", vsd.trickle(head, forever))
    vsd.on("GET", "warm", vsd.page([], 0))
    session.get("warm", Deadline(5))
    start = time.monotonic()
    with pytest.raises((VsdUnreachable, DeadlineExceeded)):
        session.get("zones", Deadline(0.4))
    assert 0.3 < time.monotonic() - start < 3


def test_nothing_is_sent_after_the_deadline(session: Session, vsd: ScriptedVsd, clock: Clock) -> None:
    deadline = Deadline(1, clock)
    clock.now += 2
    with pytest.raises(DeadlineExceeded):
        session.get("zones", deadline)
    assert vsd.asked == []
