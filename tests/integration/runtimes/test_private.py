"""Cgroups are what the kernel does not remove with the namespaces of scripts/lib/private.sh."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.lab import ROOT
from tests.integration.runtimes.base import CGROUPS
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root

PRIVATE = ROOT / "scripts" / "lib" / "private.sh"
ENTERED = 'mkdir -p /sys/fs/cgroup/pods/one && echo $$ >/sys/fs/cgroup/pods/one/cgroup.procs && echo in && "$@"'


def branches(pid: int) -> list[Path]:
    return list(CGROUPS.rglob(f"nuage-chain-{pid}"))


def test_a_command_sees_no_cgroups_but_its_own() -> None:
    seen = subprocess.run(
        [PRIVATE, "sh", "-c", "cat /proc/self/cgroup; find /sys/fs/cgroup -mindepth 1 -type d"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.splitlines()
    assert [line for line in seen if line.startswith(("0::", "/"))] == ["0::/init", "/sys/fs/cgroup/init"]


@pytest.mark.parametrize("killed", [False, True])
def test_however_it_ends_it_leaves_no_cgroups(killed: bool) -> None:
    argv: list[str | Path] = [PRIVATE, "sh", "-c", ENTERED, "-", "cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "in\n"
        assert len(branches(run.pid)) == 1
        if killed:
            run.kill()
        # Otherwise the end of its input, which leaving closes, ends it.
    eventually(lambda: not branches(run.pid))
