"""What Docker's source makes of every kind of answer; a real dockerd is asked in tests/integration/cli."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.docker import Docker
from tests.unit.orchestrators import sockets
from tests.unit.orchestrators.sockets import http

STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def test_a_container_lives_in_every_state_but_those_of_its_end(tmp_path: Path, deadline: Deadline) -> None:
    body = json.dumps([{"Id": state, "State": state} for state in STATES]).encode()
    with sockets.saying(tmp_path / "sock", http(200, body)) as path:
        listing = Docker(path).listing(deadline)
    assert listing.sandboxes == {"created", "running", "paused", "restarting", "removing"}
    assert (listing.source, listing.pods, listing.problem) == ("Docker", frozenset(), "")


def test_no_container_is_an_answer_too(tmp_path: Path, deadline: Deadline) -> None:
    with sockets.saying(tmp_path / "sock", http(200, b"[]")) as path:
        listing = Docker(path).listing(deadline)
    assert (listing.empty, listing.problem) == (True, "")


STRANGE = {
    "an error": (http(500, b'{"message": "no\ndisk"}'), '500: {"message": "no disk"}'),
    "a refusal": (http(403, b""), "403"),
    "no list": (http(200, b'{"a": 1}'), "no list of containers"),
    "no containers": (http(200, b"[1, 2]"), "no list of containers"),
    "a container without an ID": (http(200, b'[{"State": "running"}]'), "no list of containers"),
    "an ID that is none": (http(200, b'[{"Id": null, "State": "running"}]'), "no list of containers"),
    "no JSON": (http(200, b"\xff\xfe hello"), "no list of containers"),
    "deep JSON": (http(200, b"[" * 100_000), "no list of containers"),
    "half an answer": (b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[{"Id": "a"}', "IncompleteRead|no list"),
    "no HTTP": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00 garbage\r\n\r\n", "does not speak HTTP: BadStatusLine"),
    "nothing": (b"", "does not speak HTTP: RemoteDisconnected|did not answer"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_an_answer_that_is_no_list_is_a_problem_and_no_empty_list(
    tmp_path: Path, deadline: Deadline, kind: str
) -> None:
    said, _ = STRANGE[kind]
    with sockets.saying(tmp_path / "sock", said) as path:
        listing = Docker(path).listing(deadline)
    assert listing.empty
    assert any(part in listing.problem for part in STRANGE[kind][1].split("|")), listing.problem


def test_a_socket_without_a_daemon_and_a_missing_one_are_a_problem(tmp_path: Path, deadline: Deadline) -> None:
    deserted = sockets.deserted(tmp_path / "sock")
    assert Docker(deserted).listing(deadline).problem == f"it did not answer at {deserted}: Connection refused."
    assert "No such file" in Docker(tmp_path / "none").listing(deadline).problem
    assert "AF_UNIX path too long" in Docker(tmp_path / ("x" * 200)).listing(deadline).problem


def test_a_daemon_that_hangs_or_trickles_costs_no_more_than_the_deadline(tmp_path: Path) -> None:
    begin = time.monotonic()
    with sockets.mute(tmp_path / "mute") as path:
        assert "did not answer" in Docker(path).listing(Deadline(0.5)).problem
    with sockets.saying(tmp_path / "slow", b"HTTP/1.1 200 OK\r\nX-Endless: ", endless=b"x") as path:
        assert "did not answer" in Docker(path).listing(Deadline(0.5)).problem
    assert time.monotonic() - begin < 8


def test_nobody_is_asked_when_no_time_is_left(tmp_path: Path) -> None:
    assert "No time left" in Docker(tmp_path / "none").listing(Deadline(0)).problem


def test_a_daemon_that_systemd_has_not_started_yet_is_not_waited_for(tmp_path: Path) -> None:
    path, pidfile = tmp_path / "docker.sock", tmp_path / "docker.pid"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        assert Docker(path, pidfile).listing(Deadline(30)).problem == f"it does not run: there is no {pidfile}."
        pidfile.touch()
        assert "did not answer" in Docker(path, pidfile).listing(Deadline(0.2)).problem
