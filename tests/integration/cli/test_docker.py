from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.driver import SLOW, assert_sentence_and_hint, docker
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from tests.integration.cli.driver import Cli

pytestmark = pytest.mark.root

READY_UNTIL_STOPPED = ("sh", "-c", "trap exit TERM; echo ready; while :; do sleep 0.1; done")


@pytest.fixture
def cli(cli: Cli, dockerd: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """The command line with a Docker daemon at hand."""
    monkeypatch.setitem(cli.environment, "DOCKER_HOST", dockerd)
    monkeypatch.setitem(cli.environment, "TMPDIR", str(tmp_path))
    return cli


def containers(cli: Cli) -> list[str]:
    return docker(cli.environment["DOCKER_HOST"], "ps", "--all", "--format", "{{.Names}}").stdout.split()


def assert_nothing_left(cli: Cli, seconds: float = 0) -> None:
    cli.assert_nothing_left(seconds)
    eventually(lambda: not containers(cli), seconds=seconds or 0.1)
    assert not [*cli.folder.glob("*.cid")]


def test_a_docker_container_is_on_the_overlay(cli: Cli) -> None:
    cli.offer()
    done = cli("docker-run", "-v", "--", "--rm", "busybox", "sh", "-c", "ip -o -4 address; ping -c1 -W2 10.10.1.1 >&2")
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["lo", "eth0"]
    assert done.stdout.splitlines()[1].split()[3].startswith("10.10.1.")
    assert "1 packets received" in done.stderr
    assert_nothing_left(cli)


def test_the_exit_status_and_the_streams_are_those_of_docker_run(cli: Cli) -> None:
    cli.offer()
    done = cli("docker-run", "--", "--rm", "-i", "busybox", "sh", "-c", "cat; exit 7", stdin=b"as it is")
    assert (done.returncode, done.stdout, done.stderr) == (7, "as it is", "")
    unknown = cli("docker-run", "--", "--no-such-option", "busybox")
    assert unknown.returncode == 125
    assert_nothing_left(cli)


def test_a_network_that_cannot_be_joined_leaves_no_holder(cli: Cli) -> None:
    cli.offer(name="10-first")
    cli.offer(name="20-second", subnet="nowhere")
    done = cli("docker-run", "--", "--rm", "busybox", "true")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nuage-chain: Network 20-second (eth1): ")
    assert_nothing_left(cli)


def test_a_signal_while_it_joins_leaves_no_holder(cli: Cli) -> None:
    cli.offer_after("slow", SLOW)
    running = cli.start("docker-run", "--", "--rm", "busybox", "true")
    eventually(cli.mark.exists)
    running.send_signal(signal.SIGTERM)
    assert running.communicate(timeout=20) == ("", "nuage-chain: Interrupted by SIGTERM.\n")
    assert running.returncode == 143
    assert_nothing_left(cli)


def test_killed_it_leaves_neither_holder_nor_container(cli: Cli) -> None:
    cli.offer()
    running = cli.start("docker-run", "--", "--rm", "busybox", *READY_UNTIL_STOPPED)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    assert len(containers(cli)) == 2
    running.kill()
    running.wait(20)
    assert_nothing_left(cli, 15)


def test_a_detached_container_is_stopped_and_it_says_why(cli: Cli) -> None:
    cli.offer()
    done = cli("docker-run", "--", "-d", "--rm", "busybox", *READY_UNTIL_STOPPED)
    assert done.returncode == 1
    assert done.stderr.startswith(f"nuage-chain: Container {done.stdout[:12]} still ran when `docker run` ended")
    assert_sentence_and_hint(done.stderr)
    assert_nothing_left(cli, 5)


def test_a_holder_image_that_is_not_there_is_named(cli: Cli) -> None:
    cli.offer()
    done = cli("docker-run", "--", "--rm", "busybox", "true", DOCKER_HOLDER_IMAGE="localhost:1/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "of image localhost:1/nowhere: DOCKER_HOLDER_IMAGE names another one" in done.stderr
    assert_nothing_left(cli)


def test_without_a_daemon_it_says_so(cli: Cli) -> None:
    cli.offer()
    done = cli("docker-run", "--", "busybox", DOCKER_HOST="unix:///nowhere.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert "`docker version` failed: Cannot connect to the Docker daemon at unix:///nowhere.sock" in done.stderr
    assert_sentence_and_hint(done.stderr)


def test_without_docker_it_says_so(cli: Cli) -> None:
    cli.offer()
    done = cli("docker-run", "--", "busybox", PATH="/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nuage-chain: There is no `docker` here.\n")
    assert_sentence_and_hint(done.stderr)


def test_the_attachment_is_known_by_dockers_own_id(cli: Cli) -> None:
    cli.offer()
    running = cli.start("docker-run", "--", "--rm", "busybox", *READY_UNTIL_STOPPED)
    assert running.stdout is not None
    running.stdout.readline()
    listed = docker(cli.environment["DOCKER_HOST"], "ps", "-q", "--no-trunc", "--filter", "label=nuage-chain=holder")
    assert (cli.lab.cache / "results" / f"nuage-{listed.stdout.strip()}-eth0").exists()
    running.terminate()
    running.wait(20)
    assert_nothing_left(cli)
