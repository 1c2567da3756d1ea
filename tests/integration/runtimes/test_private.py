"""What a command sees in scripts/lib/private.sh, and its cgroups, which the kernel does not remove by itself."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
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


def test_a_clone_below_a_folder_that_is_empty_in_there_is_where_it_was() -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        copy = Path(folder, "clone/scripts/lib/private.sh")
        copy.parent.mkdir(parents=True)
        shutil.copy(PRIVATE, copy)
        look: list[str | Path] = [copy, "sh", "-c", 'ls "$0"; ls /dev/shm', copy]
        seen = subprocess.run(look, capture_output=True, text=True, check=True, timeout=30).stdout
        assert seen.split() == [str(copy), Path(folder).name]


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
