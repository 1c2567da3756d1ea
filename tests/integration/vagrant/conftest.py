"""The lab for these tests: what vagrant/run has brought up, or systemd-nspawn machines by the same Vagrantfile."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.systemd.node import CGROUPS, ROOT
from tests.integration.vagrant.lab import Host, Lab
from tests.integration.waiting import eventually

# As the command that the lab is held up for: says what `vagrant` needs, and waits for the end of its standard input.
_HOLD = 'env -0 >"$0.new" && mv "$0.new" "$0" && exec cat'
collect_ignore = [] if os.environ.get("VAGRANT_DEFAULT_PROVIDER") == "libvirt" else ["test_snapshots.py"]
_UP_SECONDS, _DOWN_SECONDS = 300, 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Virtual machines under emulation take their time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if "NUAGE_CHAIN_SSH_CONFIG" in os.environ:
        yield _lab(dict(os.environ))
        return
    with _held(tmp_path_factory.mktemp("vagrant")) as environment:
        yield _lab(environment)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[dict[str, str]]:
    said, ready, before = folder / "said", folder / "environment", _traces()
    with said.open("wb") as out:
        cycle = subprocess.Popen(
            [ROOT / "vagrant/lib/cycle", "static", "sh", "-c", _HOLD, ready],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: ready.exists() or cycle.poll() is not None, "the lab is up", _UP_SECONDS)
        assert ready.exists(), said.read_text()
        yield dict(line.split("=", 1) for line in ready.read_text().split("\0") if line)
    finally:
        # Also where it is not up yet: it ends as soon as it has come up to its command.
        assert cycle.stdin is not None
        cycle.stdin.close()
        assert cycle.wait(_DOWN_SECONDS) == 0, said.read_text()
    assert _traces() == before


def _traces() -> list[str]:
    """What the lab could leave in the namespaces of the tests, which others work in as well."""
    links = [name for _, name in socket.if_nameindex() if name.startswith(("lab-", "controller-", "node"))]
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    named = (mount for mount in mounts if "lab" in mount)
    return sorted([*links, *named, *map(str, Path("/run/netns").glob("lab-*")), *map(str, CGROUPS.glob("lab*"))])


def _lab(environment: dict[str, str]) -> Lab:
    config = Path(environment["NUAGE_CHAIN_SSH_CONFIG"])
    names = [line.split()[1] for line in config.read_text().splitlines() if line.startswith("Host ")]
    hosts = {name: Host(name, config) for name in names}
    known = hosts["controller"].sh("grep", "# lab$", "/etc/hosts").splitlines()
    return Lab(hosts, {name: address for address, name, *_ in map(str.split, known)}, environment)
