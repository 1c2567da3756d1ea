"""The pool of connections, on a real ovsdb-server."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from nuage_chain.agent import switches
from nuage_chain.agent.switches import Switches
from nuage_chain.deadline import Cancel, Deadline
from nuage_chain.errors import CallEnded, OvsdbUnreachable
from nuage_chain.vrs.operations import select, wait
from tests.integration.vrs.ovsdb_server import Ovsdb
from tests.integration.waiting import eventually

LOOK = [select("Bridge", [], "name")]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ovsdb]:
    made = Ovsdb(tmp_path_factory.mktemp("o"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def pool() -> Iterator[Switches]:
    made = Switches()
    yield made
    made.sweep(idle=0)


def ask(pool: Switches, remote: str, operations: list[dict[str, Any]] = LOOK) -> None:
    """What a call does: it closes its connection at its end."""
    connection = pool.connection(remote)
    try:
        connection.transact(operations, Deadline(5))
    finally:
        connection.close()


def clients(server: Ovsdb) -> int:
    """How many the server has besides the one that asks for it."""
    words = ["ovs-appctl", "--target", str(server.folder / "ctl"), "memory/show"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    # It leaves out what there is none of.
    return int(dict(word.split(":") for word in said.split() if ":" in word).get("sessions", 0))


def test_a_connection_goes_from_call_to_call(server: Ovsdb, pool: Switches) -> None:
    for _ in range(3):
        ask(pool, server.remote)
    assert (len(pool), clients(server)) == (1, 1)


def test_calls_at_once_have_a_connection_each(server: Ovsdb, pool: Switches) -> None:
    lent = [pool.connection(server.remote) for _ in range(3)]
    for connection in lent:
        connection.transact(LOOK, Deadline(5))
    assert clients(server) == 3
    for connection in lent:
        connection.close()
    assert len(pool) == 3


def test_no_more_than_so_many_are_kept(server: Ovsdb, pool: Switches, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switches, "KEPT", 1)
    lent = [pool.connection(server.remote) for _ in range(3)]
    for connection in lent:
        connection.transact(LOOK, Deadline(5))
        connection.close()
    assert len(pool) == 1
    eventually(lambda: clients(server) == 1, "the server has seen the others go")


def test_those_that_broke_are_replaced_and_no_call_fails(server: Ovsdb, pool: Switches) -> None:
    lent = [pool.connection(server.remote) for _ in range(3)]
    for connection in lent:
        connection.transact(LOOK, Deadline(5))
    for connection in lent:
        connection.close()
    server.stop()
    (server.folder / "db.sock").unlink()
    with pytest.raises(OvsdbUnreachable):
        ask(pool, server.remote)
    assert len(pool) == 0
    server.start()
    ask(pool, server.remote)
    assert len(pool) == 1


def test_one_that_a_call_has_broken_off_is_not_kept(server: Ovsdb, pool: Switches) -> None:
    server.transact({"op": "insert", "table": "Open_vSwitch", "row": {"ovs_version": "1"}})
    parked = [wait("Open_vSwitch", [], "ovs_version", "1", 30000)]
    cancel = Cancel()
    connection = pool.connection(server.remote)
    connection.transact(LOOK, Deadline(5))
    timer = threading.Timer(0.1, cancel.say)
    timer.start()
    began = time.monotonic()
    with pytest.raises(CallEnded):
        connection.transact(parked, Deadline(30, cancel=cancel))
    assert time.monotonic() - began < 20, "it is woken, though OVSDB says nothing"
    timer.join()
    connection.close()
    cancel.close()
    assert len(pool) == 0


def test_one_that_nobody_uses_is_closed(server: Ovsdb) -> None:
    now = [0.0]
    pool = Switches(lambda: now[0])
    ask(pool, server.remote)
    now[0] = 59
    pool.sweep()
    assert len(pool) == 1
    now[0] = 61
    pool.sweep()
    assert len(pool) == 0
    eventually(lambda: clients(server) == 0, "the server has seen it go")
