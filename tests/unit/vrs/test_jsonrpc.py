from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import ovs.stream
import pytest

from nuage_chain.vrs import jsonrpc
from nuage_chain.vrs.jsonrpc import Broken, Peer


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Peer, socket.socket]]:
    """A peer, and the server's side of its connection."""
    path = str(tmp_path / "db.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        peer = jsonrpc.connect(f"unix:{path}", 5, RuntimeError)
        server, _ = listening.accept()
        with server:
            yield peer, server
            peer.close()


def test_a_request_is_one_object_with_an_id_of_its_own(pair: tuple[Peer, socket.socket]) -> None:
    peer, server = pair
    first, second = peer.ask("transact", ["Ö"]), peer.ask("lock", [])
    sent = json.JSONDecoder()
    text = server.recv(1000).decode()
    message, end = sent.raw_decode(text)
    assert message == {"method": "transact", "params": ["Ö"], "id": first}
    assert json.loads(text[end:]) == {"method": "lock", "params": [], "id": second}
    assert first != second


def test_an_answer_may_come_in_pieces_and_two_may_come_at_once(pair: tuple[Peer, socket.socket]) -> None:
    peer, server = pair
    one, two = ({"id": n, "result": ["}{ü"], "error": None} for n in (1, 2))
    data = json.dumps(one, ensure_ascii=False).encode() + b"\n " + json.dumps(two).encode()
    got = []
    for byte in data:
        assert peer.receive() is None
        server.send(bytes([byte]))
        message = peer.receive()
        if message is not None:
            got.append(message)
    assert got == [one, two]
    server.send(data)
    assert [peer.receive(), peer.receive(), peer.receive()] == [one, two, None]


def test_the_question_whether_it_is_there_is_answered_on_the_way(pair: tuple[Peer, socket.socket]) -> None:
    peer, server = pair
    server.send(b'{"method":"echo","params":["x"],"id":"echo"}{"id":1,"result":[],"error":null}')
    assert peer.receive() == {"id": 1, "result": [], "error": None}
    assert json.loads(server.recv(100)) == {"result": ["x"], "error": None, "id": "echo"}


def test_a_request_larger_than_the_sockets_buffer_goes_out_as_there_is_room(pair: tuple[Peer, socket.socket]) -> None:
    peer, server = pair
    number = peer.ask("transact", ["x" * (4 << 20)])
    read = bytearray()
    while not read.endswith(b"}"):
        assert peer.receive() is None
        peer.wait(0)
        read += server.recv(1 << 20)
    assert json.loads(read)["id"] == number


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n", b"[1]", b"\0"])
def test_what_is_no_ovsdb_is_known_at_its_first_byte(pair: tuple[Peer, socket.socket], said: bytes) -> None:
    peer, server = pair
    server.send(said)
    with pytest.raises(Broken, match="no OVSDB"):
        peer.receive()


def test_a_connection_that_the_server_has_closed_is_broken(pair: tuple[Peer, socket.socket]) -> None:
    peer, server = pair
    server.send(b'{"id":1')
    assert peer.receive() is None
    server.close()
    with pytest.raises(Broken, match="closed the connection"):
        peer.receive()


def test_waiting_ends_when_something_comes_or_somebody_wakes_us(pair: tuple[Peer, socket.socket]) -> None:
    peer, server = pair
    ours, theirs = socket.socketpair()
    theirs.send(b"x")
    peer.wait(60, ours.fileno())
    server.send(b"{}")
    peer.wait(60)
    assert peer.receive() == {}
    ours.close()
    theirs.close()


def test_a_connection_needs_a_remote_that_listens() -> None:
    with pytest.raises(RuntimeError, match="No such file"):
        jsonrpc.connect("unix:/nowhere/db.sock", 1, RuntimeError)
    assert ovs.stream.Stream.is_valid_name("unix:/nowhere/db.sock")
