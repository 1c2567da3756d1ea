"""An agent that is killed with SIGKILL in the middle of an ADD: the call is undone, and never done twice."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nuage_chain.agent import process
from nuage_chain.agent.client import Client
from nuage_chain.deadline import Deadline
from nuage_chain.launcher import SOCKET
from nuage_chain.vrs import jsonrpc
from nuage_chain.vrs.connection import DATABASE
from tests.integration.agent.conftest import listens
from tests.integration.faults.killing import Killer, arm
from tests.integration.lab import NOTHING, Container, Lab

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

EVERY = 8
Prepare = Callable[[pytest.MonkeyPatch], None]


@contextmanager
def forked(prepare: Prepare) -> Iterator[int]:
    """An agent in a child process in which `prepare` has changed something. Yields its process ID."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with pytest.MonkeyPatch.context() as patch:
                prepare(patch)
                process.run(SOCKET, {})
                status = 0
        except BaseException:  # noqa: BLE001 - nothing of pytest may go on in this process
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(status)
    try:
        listens(lambda: None if os.waitpid(child, os.WNOHANG) == (0, 0) else "it has ended")
        yield child
    finally:
        SOCKET.unlink(missing_ok=True)
        try:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        except (ProcessLookupError, ChildProcessError):
            pass


@contextmanager
def counted(lab: Lab) -> Iterator[Callable[[], int]]:
    """Counts the ports that are put into VRS's table from here on, which every ADD does once."""
    peer = jsonrpc.connect(f"unix:{lab.layout.ovsdb_socket}", 5, RuntimeError)
    inserts = {"initial": False, "insert": True, "modify": False, "delete": False}
    found: list[str] = []

    def asked(method: str, params: list[Any]) -> None:
        """Waits for the answer, before which the server tells all that has changed until then."""
        number, deadline = peer.ask(method, params), Deadline(5)
        while (message := peer.receive()) is None or message.get("id") != number:
            if message is None:
                peer.wait(deadline.left("OVSDB"))
            elif message["method"] == "update":
                found.extend(message["params"][1]["Nuage_Port_Table"])

    def ports() -> int:
        asked("list_dbs", [])
        return len(found)

    try:
        asked("monitor", [DATABASE, None, {"Nuage_Port_Table": {"columns": ["name"], "select": inserts}}])
        yield ports
    finally:
        peer.close()


def killing(point: int) -> Prepare:
    return lambda patch: arm(patch, Killer(point))


def added(lab: Lab, container: Container) -> int:
    """An ADD, which has to be there or not there as its answer says; its exit status."""
    done = lab.call(lab.environment("ADD", container), lab.entry(lab.veth(container)))
    if done.status == 0:
        assert container.pings("10.10.1.1")
    else:
        assert (done.document["code"], "taken back" in done.document["msg"]) == (11, True), done
        assert lab.left() == NOTHING | {"veths": 1, "addresses": lab.left()["addresses"]}, "before any DEL"
    return done.status


def deleted(lab: Lab, container: Container) -> None:
    assert lab.call(lab.environment("DEL", container), lab.entry()).status == 0
    lab.unveth(container)
    lab.remove(container)
    lab.settle(NOTHING)


def test_at_any_point_of_an_add_it_is_undone_and_done_once(
    lab: Lab, tell: Callable[[str], None], pytestconfig: pytest.Config
) -> None:
    every = 1 if pytestconfig.getoption("long") else EVERY
    tried = 0
    for point in range(1, 400, every):
        one = lab.container(f"point{point}")
        with counted(lab) as ports, forked(killing(point)) as child:
            status = added(lab, one)
            was_killed = os.waitpid(child, os.WNOHANG) != (0, 0)
            assert (status, ports()) in ([(1, 0), (1, 1)] if was_killed else [(0, 1)])
        deleted(lab, one)
        if not was_killed:
            break
        tried += 1
    tell(f"agent killed at {tried} points of an ADD")
    assert 3 < tried < 400


# The exit status, and how often the port was put in.
WORDS = {("accept", 1): (0, 1), ("accept", 2): (1, 0), ("reply", 1): (1, 1), ("reply", 2): (0, 1)}


@pytest.mark.parametrize(("word", "point"), WORDS)
def test_around_its_own_words_the_call_is_done_once_or_undone(lab: Lab, word: str, point: int) -> None:
    """Before it has accepted, the relay does the call itself; after the answer it is done."""

    def prepare(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Client, word, Killer(point).around(word, getattr(Client, word)))

    one = lab.container("one")
    with counted(lab) as ports, forked(prepare) as child:
        assert (added(lab, one), ports()) == WORDS[word, point]
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    deleted(lab, one)


def test_an_add_whose_answer_cannot_be_told_is_taken_back(lab: Lab) -> None:
    one = lab.container("one")
    with (
        counted(lab) as ports,
        forked(lambda patch: patch.setattr(Client, "reply", lambda *_: False)),
    ):
        assert (added(lab, one), ports()) == (1, 1)
    deleted(lab, one)


def test_a_delete_whose_answer_is_lost_is_done_again(lab: Lab) -> None:
    one = lab.container("one")
    assert added(lab, one) == 0
    with forked(lambda patch: patch.setattr(Client, "reply", Killer(1).around("reply", Client.reply))):
        deleted(lab, one)
