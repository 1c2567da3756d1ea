from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from nuage_chain import relay
from nuage_chain.agent.client import Client
from nuage_chain.agent.lanes import Lanes


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def client(opened: ExitStack, verb: str) -> Client:
    ours, theirs = socket.socketpair()
    opened.callback(theirs.close)
    made = Client(ours, 1, 0.0)
    opened.callback(made.close)
    assert made.feed(relay.message("0", {b"CNI_COMMAND": verb.encode()}, b"{}"))
    return made


def started(lanes: Lanes) -> list[str]:
    return [c.call.verb for c in iter(lanes.next, None)]


def test_no_more_run_than_the_limit_and_the_others_keep_their_order(opened: ExitStack) -> None:
    lanes, clients = Lanes(2, 1), [client(opened, "ADD") for _ in range(5)]
    for one in clients:
        lanes.add(one)
    assert ([lanes.next(), lanes.next(), lanes.next()], lanes.waiting) == ([*clients[:2], None], 3)
    lanes.done(clients[1])
    assert (lanes.next(), lanes.next()) == (clients[2], None)


def test_whoever_only_looks_does_not_wait_for_those_who_change_something(opened: ExitStack) -> None:
    lanes = Lanes(1, 2)
    for verb in ("ADD", "ADD", "STATUS", "CHECK", "VERSION"):
        lanes.add(client(opened, verb))
    assert sorted(started(lanes)) == ["ADD", "CHECK", "STATUS"]


def test_a_hundred_adds_do_not_keep_a_del_waiting(opened: ExitStack) -> None:
    lanes, first = Lanes(1, 1), client(opened, "ADD")
    lanes.add(first)
    assert lanes.next() is first
    for verb in (*["ADD"] * 100, "DEL", "DEL"):
        lanes.add(client(opened, verb))
    order = []
    running = first
    for _ in range(4):
        lanes.done(running)
        found = lanes.next()
        assert found is not None
        running = found
        order.append(running.call.verb)
    assert order == ["ADD", "DEL", "ADD", "DEL"]


def test_who_leaves_does_not_begin(opened: ExitStack) -> None:
    lanes, clients = Lanes(1, 1), [client(opened, "ADD") for _ in range(3)]
    for one in clients:
        lanes.add(one)
    lanes.leave(clients[0])
    lanes.leave(clients[2])
    assert (lanes.next(), lanes.waiting) == (clients[1], 0)
