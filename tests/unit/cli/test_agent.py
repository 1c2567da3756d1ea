from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from nuage_chain import relay
from nuage_chain.cli import agent
from nuage_chain.cli.main import main
from tests.unit.agent.conftest import Running

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the command needs root")


def test_status_says_that_calls_go_through_the_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "agent.sock"
    with Running(path).serving():
        assert main(["agent", "status", "--socket", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"Calls go through the agent at {path}: version" in said
    assert f"process {os.getpid()}" in said
    assert "0 under way, 0 waiting" in said


@pytest.mark.parametrize("left", [False, True])
def test_status_says_that_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], left: bool) -> None:
    path = tmp_path / "agent.sock"
    if left:
        with socket.socket(socket.AF_UNIX) as somebody:
            somebody.bind(str(path))
    assert main(["agent", "status", "--socket", str(path)]) == 1
    reason = "Connection refused" if left else "No such file or directory"
    assert f"No agent at {path} ({reason}): the executable does each call itself" in capsys.readouterr().out


def test_status_does_not_wait_for_one_that_is_there_and_says_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "_SECONDS", 0.2)
    path, ended = tmp_path / "agent.sock", list[str]()

    def serve(listening: socket.socket) -> None:
        asking = listening.accept()[0]
        with asking:
            asking.settimeout(20)
            for _ in range(400):
                try:
                    asking.sendall(relay.ALIVE)
                except OSError:
                    return
                time.sleep(0.05)
        ended.append("by itself")

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        assert main(["agent", "status", "--socket", str(path)]) == 1
        thread.join(25)
    assert ended == [], "it was listened to for as long as it went on"
    assert f"No agent at {path} (it does not answer)" in capsys.readouterr().out


def test_a_second_agent_is_told_that_there_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "agent.sock"
    with Running(path).serving():
        assert main(["agent", "--socket", str(path)]) == 1
    assert f"An agent listens at {path} already." in capsys.readouterr().err
