from __future__ import annotations

import errno
import gc
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nuage_chain import deadline, relay
from nuage_chain.agent import server
from nuage_chain.agent.client import Client
from nuage_chain.agent.lanes import Lanes
from nuage_chain.agent.service import Service
from tests.unit.agent.conftest import Running, descriptors, until

ASK = relay.message("0", {b"CNI_COMMAND": b"VERSION"}, b"{}")
NOBODY = 65534


@contextmanager
def calling(agent: Running) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        caller.connect(str(agent.path))
        yield caller


def said(caller: socket.socket) -> bytes:
    try:
        return b"".join(iter(lambda: caller.recv(1 << 16), b""))
    except ConnectionResetError:
        return b""


def is_served(agent: Running) -> bool:
    with calling(agent) as caller:
        caller.sendall(ASK)
        return b"supportedVersions" in said(caller)


def test_an_answer_comes_after_the_word_that_the_call_is_accepted(agent: Running) -> None:
    with calling(agent) as caller:
        caller.sendall(ASK)
        answer = said(caller)
    assert answer.startswith(b"ar0 ")
    reply = relay._reply(answer[1:])
    assert reply is not None
    assert json.loads(reply[1])["cniVersion"] == "1.1.0"


HOSTILE = {
    "a word": b"hello\n",
    "zeros": b"\0" * 1000,
    "no call in it": b"nuage-chain 1 5\nabcde",
    "more than it says": ASK + b"x",
    "a hundred megabytes": b"nuage-chain 1 104857600\n" + b"x" * (100 << 20),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_call_is_closed_with_one_line_in_the_log_and_hurts_nobody(case: str, agent: Running) -> None:
    with calling(agent) as caller:
        try:
            caller.sendall(HOSTILE[case])
        except OSError:
            assert case == "a hundred megabytes"
        assert said(caller) == b""
    assert len(agent.logged) == 1
    assert f"process {os.getpid()} sends is not taken" in agent.logged[0]
    assert is_served(agent)


def test_one_who_says_nothing_is_closed_with_one_line_in_the_log(
    agent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_TO_ASK", 0.1)
    with calling(agent) as silent, calling(agent) as slow:
        slow.sendall(ASK[:20])
        assert is_served(agent)
        assert (said(silent), said(slow)) == (b"", b"")
    assert len(agent.logged) == 2
    assert all("did not say" in line for line in agent.logged)


def test_calls_that_are_too_much_together_are_left_to_their_relays(
    agent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BYTES", 10_000)
    with calling(agent) as first, calling(agent) as second:
        first.sendall(b"nuage-chain 1 9000\n")
        second.sendall(b"nuage-chain 1 9000\n")
        assert said(second) == b""
        assert is_served(agent)


def test_more_callers_than_there_is_room_for_are_served_one_after_the_other(
    agent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CLIENTS", 2)
    with calling(agent), calling(agent):
        waiting = threading.Thread(target=lambda: answers.append(is_served(agent)))
        answers: list[bool] = []
        waiting.start()
        waiting.join(0.2)
        assert not answers
    waiting.join(10)
    assert answers == [True]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_process_of_another_user_is_not_served_even_where_it_can_reach_the_socket(
    agent: Running, tmp_path: Path
) -> None:
    program = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "try: s.sendall(sys.stdin.buffer.read()); print(s.recv(100))\n"
        "except OSError as e: print(b'')"
    )
    words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "/usr/bin/python3", "-c", program]

    def call() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*words, agent.path], input=ASK, capture_output=True, check=False, timeout=20)

    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    assert b"Permission denied" in call().stderr
    agent.path.chmod(0o666)
    assert call().stdout == b"b''\n"
    assert [f"of user {NOBODY}" in line for line in agent.logged] == [True]


@pytest.mark.skipif(os.geteuid() != 0, reason="making a network namespace needs root")
def test_a_caller_in_another_network_namespace_is_not_served(agent: Running) -> None:
    program = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(9))"
    words = ["unshare", "--net", sys.executable, "-c", program, str(agent.path)]
    assert subprocess.run(words, capture_output=True, check=True, timeout=20).stdout == b"b''\n"
    assert ["of another network namespace" in line for line in agent.logged] == [True]


def test_a_call_for_which_no_descriptor_is_left_is_its_relays_and_ends_no_other(
    agent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left() -> deadline.Cancel:
        monkeypatch.undo()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("nuage_chain.agent.client.Cancel", none_left)
    with calling(agent) as caller:
        caller.sendall(relay.message("0", {b"CNI_COMMAND": b"STATUS"}, b"{}"))
        assert said(caller) == b""
    assert ["Too many open files" in line for line in agent.logged] == [True]
    assert is_served(agent)


class _Slow(Service):
    """Calls that last until they are told to end."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.end, self.began = threading.Event(), 0
        self.lasts = 600.0

    def serve(self, client: Client, waiting: int, running: int) -> None:
        client.ends = client.arrived + self.lasts
        if client.accept():
            self.began += 1
            self.end.wait(20)
            client.reply(0, "done", "")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "agent.sock", Lanes(1, 1))
    running.service = _Slow()
    with running.serving():
        yield running


def test_a_stop_ends_what_is_under_way_and_leaves_the_rest_to_the_relays(slow: Running) -> None:
    service = slow.service
    assert isinstance(service, _Slow)
    with calling(slow) as first, calling(slow) as second:
        first.sendall(ASK)
        until(lambda: service.began)
        second.sendall(ASK)
        assert second.recv(1) == relay.ALIVE, "it waits, and knows that somebody is there"
        slow.server.stop()
        assert said(second) == b""
        with pytest.raises(ConnectionRefusedError), calling(slow):
            pass
        service.end.set()
        assert said(first) == b"ar0 4 0\ndone"
    assert service.began == 1


def test_a_stop_does_not_wait_for_one_who_has_not_said_what_it_wants(agent: Running) -> None:
    with calling(agent) as silent, calling(agent) as slow:
        slow.sendall(ASK[:20])
        assert is_served(agent)
        agent.server.stop()
        assert (said(silent), said(slow)) == (b"", b"")
        agent.thread.join(15)
        assert not agent.thread.is_alive(), "well before it would look again by itself"


def test_who_goes_while_it_waits_is_never_begun(slow: Running) -> None:
    service = slow.service
    assert isinstance(service, _Slow)
    with calling(slow) as first:
        first.sendall(ASK)
        until(lambda: service.began)
        with calling(slow) as second:
            second.sendall(ASK)
            assert second.recv(1) == relay.ALIVE
        service.end.set()
        assert said(first).endswith(b"done")
    with calling(slow) as third:
        third.sendall(ASK)
        assert said(third).endswith(b"done")
    assert service.began == 2


def test_the_agent_says_that_it_is_there_as_long_as_a_call_takes(
    slow: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_ALIVE_EVERY", 0.0)
    monkeypatch.setattr(server, "_TICK", 0.05)
    service = slow.service
    assert isinstance(service, _Slow)
    with calling(slow) as caller:
        caller.sendall(ASK)
        assert [caller.recv(1) for _ in range(4)] == [b"a", b".", b".", b"."]
        service.end.set()
        assert said(caller).lstrip(b".") == b"r0 4 0\ndone"


def test_a_call_that_hangs_beyond_its_time_gets_no_sign_of_life_so_that_its_relay_gives_it_up(
    slow: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_ALIVE_EVERY", 0.0)
    monkeypatch.setattr(server, "_TICK", 0.02)
    service = slow.service
    assert isinstance(service, _Slow)
    service.lasts = 0.2
    with calling(slow) as caller:
        caller.sendall(ASK)
        assert (caller.recv(1), caller.recv(1)) == (b"a", b".")
        caller.settimeout(1)
        with pytest.raises(TimeoutError):
            said(caller)
        service.end.set()


def test_a_caller_that_breaks_off_at_any_moment_leaves_no_descriptor(agent: Running) -> None:
    assert is_served(agent)
    gc.collect()
    before = descriptors()
    for cut in (0, 1, 20, len(ASK) - 1, len(ASK)):
        for linger in (True, False):
            with calling(agent) as caller:
                if linger:
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.sendall(ASK[:cut])
    until(lambda: descriptors() <= before)
    assert is_served(agent)
