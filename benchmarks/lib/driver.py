"""Runs a plugin as libcni would, and measures it: posix_spawn, two pipes, wait4.

Nothing else happens between the two looks at the clock, so that what the driver itself costs is small and the same for
every plugin; `benchmarks/run` measures it by a plugin that does nothing.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nuage_chain.cni.runtime.process import Finished
from nuage_chain.deadline import Deadline

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Step:
    """One plugin's process. wall, cpu: seconds; cpu is that of the process and of the children it waited for."""

    plugin: str
    wall: float
    cpu: float


@dataclass
class Driver:
    """What `Runtime` calls to run a plugin; keeps the measured steps. stderr: descriptor for what plugins complain."""

    stderr: int
    steps: list[Step] = field(default_factory=list)

    def __call__(self, program: Path, environment: Mapping[str, str], stdin: bytes, deadline: Deadline, /) -> Finished:
        """Runs it to its end. Raises OSError where it cannot be started; at the deadline it is killed."""
        path = str(program)
        given, giving = os.pipe()
        # A configuration with its prevResult is far below the 64 KiB that a pipe holds.
        os.write(giving, stdin)
        os.close(giving)
        taking, taken = os.pipe()
        limit = deadline.left(f"plugin {program.name}")
        actions = [(os.POSIX_SPAWN_DUP2, given, 0), (os.POSIX_SPAWN_DUP2, taken, 1)]
        if self.stderr != 2:
            actions.append((os.POSIX_SPAWN_DUP2, self.stderr, 2))
        begin = time.perf_counter()
        try:
            pid = os.posix_spawn(path, [path], environment, file_actions=actions)
        except OSError:
            os.close(taking)
            raise
        finally:
            os.close(given)
            os.close(taken)
        stdout, timed_out = _read(taking, limit)
        if timed_out:
            os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - begin
        os.close(taking)
        self.steps.append(Step(program.name, wall, usage.ru_utime + usage.ru_stime))
        return Finished(os.waitstatus_to_exitcode(status), stdout, b"", timed_out)


def _read(descriptor: int, limit: float) -> tuple[bytes, bool]:
    """All that comes until the other side closes, and whether the time ran out before."""
    end = time.monotonic() + limit
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    chunks: list[bytes] = []
    while poll.poll(max(end - time.monotonic(), 0) * 1000):
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return b"".join(chunks), False
        chunks.append(chunk)
    return b"".join(chunks), True
