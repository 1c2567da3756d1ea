from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nuage_chain import relay
from nuage_chain.agent.listening import listening
from nuage_chain.errors import IOFailure, NotAvailable
from tests.unit.agent.conftest import until

NUAGE_CHAIN = Path(sys.prefix) / "bin" / "nuage-chain"


def test_the_socket_is_for_its_owner_only_and_goes_with_us(tmp_path: Path) -> None:
    path = tmp_path / "run" / "agent.sock"
    with listening(path, {}):
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_a_socket_that_somebody_who_was_killed_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with listening(path, {}), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


def test_a_second_agent_at_one_socket_is_refused_and_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    with listening(path, {}):
        with pytest.raises(NotAvailable), listening(path, {}):
            pass
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))


def test_a_socket_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IOFailure, match=r"file/agent\.sock"), listening(tmp_path / "file" / "agent.sock", {}):
        pass


def test_systemd_hands_its_socket_over_and_starts_the_agent_with_the_first_call(tmp_path: Path) -> None:
    path = tmp_path / "agent.sock"
    words = ["systemd-socket-activate", "--listen", str(path), str(NUAGE_CHAIN), "agent"]
    with subprocess.Popen(words, env={"PATH": os.environ["PATH"]}, stderr=subprocess.PIPE) as process:
        try:
            until(path.exists)
            with socket.socket(socket.AF_UNIX) as caller:
                caller.settimeout(30)
                caller.connect(str(path))
                caller.sendall(relay.message("0", {}, b""))
                said = b"".join(iter(lambda: caller.recv(1 << 16), b""))
            about = json.loads(said.partition(b"\n")[2])
            assert about["process"] == process.pid
        finally:
            process.terminate()
        assert process.wait(20) == 0
