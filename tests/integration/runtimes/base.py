"""What every runtime is driven by, so that one set of tests holds for all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.integration.lab import Container

SECONDS = 60
CGROUPS = Path("/sys/fs/cgroup")


@dataclass
class Workload(Container):
    """A container of a real runtime, in the network namespace of its first process."""

    pid: int = 0

    @property
    def netns(self) -> str:
        return f"/proc/{self.pid}/ns/net"

    def kill(self) -> None:
        """As the kernel does when memory runs out: no runtime is asked."""
        os.kill(self.pid, signal.SIGKILL)


class Refused(Exception):
    """The runtime did not start the container; the text is what it told its user."""


class Runtime(Protocol):
    """One way to run containers. `broken` starts it on a network whose subnet VSD does not have."""

    def start(self, name: str, *, broken: bool = False) -> Workload:
        """Raises Refused."""

    def stop(self, workload: Workload) -> None:
        """Ends it as its user does, and removes it."""

    def died(self, workload: Workload) -> None:
        """What the runtime, or who drives it, does about a container whose process is gone."""

    def restart(self, workload: Workload) -> Workload: ...


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """The command's output; raises Refused with what it said if it fails."""
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def sleeps(pid: int) -> bool:
    """Whether the process has become what it was started for, and so is where it shall be."""
    try:
        return Path(f"/proc/{pid}/comm").read_text() == "sleep\n"
    except FileNotFoundError:
        return False


def traces() -> Counter[str]:
    """All that a runtime could leave in these namespaces, outside of its own folders and of the overlay."""
    return Counter(
        [
            *(f"process {name}" for name in _processes()),
            # As a set: podman lays a second mount over /run/netns when it is first used.
            *{f"mount {line.split()[4]}" for line in Path("/proc/self/mountinfo").read_text().splitlines()},
            *(f"cgroup {folder}" for folder in CGROUPS.rglob("*") if folder.is_dir() and not _for_all(folder)),
            *(f"network namespace {file}" for file in Path("/run/netns").glob("*")),
            *(f"cached result {file}" for file in Path("/var/lib/cni/results").glob("*")),
        ]
    )


def _for_all(folder: Path) -> bool:
    """podman and ctr make one cgroup above those of all containers, and keep it."""
    return folder in (CGROUPS / "init", CGROUPS / "libpod_parent", CGROUPS / "default")


def _processes() -> Iterator[str]:
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = status.read_text().partition("(")[2].rpartition(")")
            if rest.split()[0] != "Z":
                yield name
