"""Runs one plugin process to its end, or ends it and its children at the deadline."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.deadline import Deadline

GRACE = 1.0
KILL_TAKES = 5.0
BUSY_TRIES = 5
BUSY_PAUSE = 0.2


@dataclass(frozen=True)
class Finished:
    """status: the exit status, negative for a signal's number; timed_out: it was ended at the deadline."""

    status: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False


def run(program: Path, environment: Mapping[str, str], stdin: bytes, deadline: Deadline) -> Finished:
    """Runs `program` in a process group of its own. Raises OSError where it cannot be started.

    Input and output are files in memory: a plugin that leaves a daemon behind does not keep us waiting for the end
    of a pipe.
    """
    with (
        open(os.memfd_create("cni-stdin"), "w+b") as given,
        open(os.memfd_create("cni-stdout"), "w+b") as out,
        open(os.memfd_create("cni-stderr"), "w+b") as err,
    ):
        given.write(stdin)
        given.seek(0)
        limit = deadline.left(f"plugin {program.name}")
        process = _started(program, environment, given.fileno(), out.fileno(), err.fileno())
        timed_out = True
        try:
            timed_out = not _ended(process, limit)
        finally:
            # Also when we are interrupted: a plugin must not go on after its caller has given up.
            if timed_out:
                _end(process)
        status = -signal.SIGKILL if process.returncode is None else process.returncode
        return Finished(status, _content(out.fileno()), _content(err.fileno()), timed_out)


def _started(
    program: Path, environment: Mapping[str, str], stdin: int, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    """Tries again while the file is being written: a node that installs a plugin is ready a moment later."""
    for left in range(BUSY_TRIES - 1, -1, -1):
        try:
            return subprocess.Popen(
                [program], env=environment, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
            )
        except OSError as error:
            if error.errno != errno.ETXTBSY or not left:
                raise
            time.sleep(BUSY_PAUSE)
    raise AssertionError("the loop returns or raises")


def _ended(process: subprocess.Popen[bytes], limit: float) -> bool:
    """Waits on a pidfd: Popen.wait with a timeout polls, and would add up to 50 ms to each plugin."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        if not poll.poll(limit * 1000):
            return False
    finally:
        os.close(descriptor)
    process.wait()
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """TERM to the whole group, a second to comply, then KILL."""
    for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, KILL_TAKES)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        if process.returncode is None:
            _ended(process, seconds)


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)
