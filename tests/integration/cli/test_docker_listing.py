"""What a real dockerd says about which containers live, as the audit hears it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.docker import Docker
from nuage_chain.orchestrators.workloads import Listing
from tests.integration.cli.driver import docker
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root


@pytest.fixture
def made(dockerd: str) -> Iterator[dict[str, str]]:
    """Containers by the state that they are in, each by its ID."""
    ids: dict[str, str] = {}
    try:
        for state, words in {
            "created": ("create", "busybox", "sleep", "600"),
            "running": ("run", "--detach", "busybox", "sleep", "600"),
            "paused": ("run", "--detach", "busybox", "sleep", "600"),
            "restarting": ("run", "--detach", "--restart=always", "busybox", "sh", "-c", "exit 1"),
            "exited": ("run", "--detach", "busybox", "sh", "-c", "exit 0"),
        }.items():
            ids[state] = docker(dockerd, words[0], "--network=none", *words[1:]).stdout.strip()
        docker(dockerd, "pause", ids["paused"])
        for state, container in ids.items():
            eventually(lambda: is_in(dockerd, container, state), seconds=20)  # noqa: B023 - called at once
        yield ids
    finally:
        for container in ids.values():
            docker(dockerd, "rm", "--force", container, check=False)


def is_in(dockerd: str, container: str, state: str) -> bool:
    return docker(dockerd, "inspect", "--format", "{{.State.Status}}", container).stdout.strip() == state


def test_every_container_that_has_not_ended_is_listed(dockerd: str, made: dict[str, str]) -> None:
    source = Docker(Path(dockerd.removeprefix("unix://")))
    alive = {state: container for state, container in made.items() if state != "exited"}
    assert source.listing(Deadline(10)) == Listing("Docker", frozenset(alive.values()))
    docker(dockerd, "rm", "--force", made["running"])
    assert source.listing(Deadline(10)).sandboxes == set(alive.values()) - {made["running"]}


def test_a_dockerd_without_containers_has_none(dockerd: str) -> None:
    assert Docker(Path(dockerd.removeprefix("unix://"))).listing(Deadline(10)) == Listing("Docker")
