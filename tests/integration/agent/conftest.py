"""An agent for the lab's executable, as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nuage_chain.launcher import SOCKET

NUAGE_CHAIN = Path(sys.prefix) / "bin" / "nuage-chain"
# Nothing of what the agent was started with may have to do with a call.
STRANGE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "SSL_CERT_FILE": "/nowhere",
           "REQUESTS_CA_BUNDLE": "/nowhere", "CNI_ARGS": "NUAGE_SUBNET=nowhere", "CNI_IFNAME": "no"}  # fmt: skip


class Agent:
    """The process and what it has said."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def about(self) -> str:
        """What `nuage-chain agent status` says."""
        return subprocess.run([NUAGE_CHAIN, "agent", "status"], capture_output=True, text=True, check=True).stdout

    def calls(self, verb: str) -> int:
        """How many of that verb it has accepted."""
        found = re.search(rf"(\d+) {verb}\b", self.about())
        return int(found[1]) if found else 0


@contextmanager
def started(log: Path) -> Iterator[Agent]:
    with log.open("wb") as err:
        process = subprocess.Popen([NUAGE_CHAIN, "agent"], env=dict(os.environ) | STRANGE, stderr=err)
    try:
        listens(process.poll)
        yield Agent(process, log)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def listens(ended: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not SOCKET.exists():
        assert ended() is None
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    with started(tmp_path / "log") as running:
        yield running
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(60) == 0
