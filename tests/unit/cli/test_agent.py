from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

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


def test_a_second_agent_is_told_that_there_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "agent.sock"
    with Running(path).serving():
        assert main(["agent", "--socket", str(path)]) == 1
    assert f"An agent listens at {path} already." in capsys.readouterr().err
