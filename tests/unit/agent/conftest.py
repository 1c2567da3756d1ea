"""A real agent in this process, at a socket of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nuage_chain.agent.lanes import Lanes
from nuage_chain.agent.listening import listening
from nuage_chain.agent.server import Server
from nuage_chain.agent.service import Service


class Running:
    """An agent: its server and service, where it listens, and what it has logged."""

    def __init__(self, path: Path, lanes: Lanes | None = None) -> None:
        self.path, self.logged = path, list[str]()
        self.service = Service(self.logged.append)
        self._lanes = lanes

    @contextlib.contextmanager
    def serving(self) -> Iterator[Running]:
        with listening(self.path, {}) as listener:
            self.server = Server(listener, self.service, self.logged.append, self._lanes)
            self.thread = threading.Thread(target=self.server.run)
            self.thread.start()
            try:
                yield self
            finally:
                self.server.stop()
                self.thread.join(20)
                assert not self.thread.is_alive()


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "agent.sock").serving() as running:
        yield running


def until(true: Callable[[], object], seconds: float = 10) -> None:
    """Waits for what another thread or process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
