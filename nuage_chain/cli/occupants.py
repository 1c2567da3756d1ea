"""The processes that are in a network namespace, and their end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from pathlib import Path

_GRACE = 1.0
_PROC = Path("/proc")


def pids(netns: str) -> list[int]:
    """Processes whose network namespace is the one at that path; none where there is no such path."""
    try:
        wanted = _identity(Path(netns))
    except OSError:
        return []
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal() and _is_in(entry, wanted)]


def end(netns: str) -> None:
    """SIGTERM to every process in the namespace, and SIGKILL to those that are there a second later."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        handles = [handle for pid in pids(netns) if (handle := _signalled(pid, netns, number)) is not None]
        _wait(handles)


def _signalled(pid: int, netns: str, number: signal.Signals) -> int | None:
    """A handle of the process, so that no other one of the same number is meant."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if _is_in(_PROC / str(pid), _identity(Path(netns))):
            signal.pidfd_send_signal(handle, number)
    return handle


def _wait(handles: list[int]) -> None:
    end = time.monotonic() + _GRACE
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(max(0.0, end - time.monotonic()) * 1000)
        os.close(handle)


def _is_in(process: Path, wanted: tuple[int, int]) -> bool:
    try:
        return _identity(process / "ns" / "net") == wanted
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
