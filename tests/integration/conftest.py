"""Fixtures of the lab (tests/integration/lab.py)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from tests.integration.lab import NOTHING, Container, Lab


@pytest.fixture(scope="session")
def whole_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    assert os.environ.get("NUAGE_CHAIN_PRIVATE"), "These tests need namespaces of their own: run them by scripts/test."
    folder = tmp_path_factory.mktemp("lab")
    started = Lab(folder / "vsp", folder / "cni")
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def lab(whole_lab: Lab) -> Iterator[Lab]:
    """The lab for one test, which has to leave nothing of its attachments."""
    assert whole_lab.left() == NOTHING, "an earlier test left something"
    yield whole_lab
    for container in list(whole_lab.containers):
        whole_lab.remove(container)
    whole_lab.settle(NOTHING)


@pytest.fixture
def transfers() -> Callable[[Container, Container, str], bool]:
    """Whether a megabyte goes from one container to an address of another by TCP, and arrives as it was."""

    def work(client: Container, server: Container, address: str) -> bool:
        payload = os.urandom(1 << 20)
        with server.listen(address) as listening, client.connect(address) as sending:
            listening.settimeout(5)
            receiving, _ = listening.accept()
            with receiving:
                receiving.settimeout(5)
                received = b""
                view = memoryview(payload)
                sending.setblocking(False)
                while len(received) < len(payload):
                    with contextlib.suppress(BlockingIOError):
                        view = view[sending.send(view) :] if view else view
                    received += receiving.recv(1 << 16)
        return received == payload

    return work
