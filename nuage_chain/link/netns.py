"""Work inside a network namespace: in one short-lived thread, without a fork and without a second process."""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nuage_chain.bounded import TookTooLong, within
from nuage_chain.errors import DeadlineExceeded, KernelRefused, NuageChainError

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_OWN = "/proc/self/task/{tid}/ns/net"


class NetnsGone(NuageChainError):
    """The container's network namespace does not exist (CNI code 3, unknown container)."""

    code = 3
    hint = "The container has ended, or CNI_NETNS names the wrong path."


def inside(path: str, work: Callable[[], T], seconds: float) -> T:
    """What `work` returns when it runs inside the namespace at `path`.

    The thread ends with the call, so the namespace never leaks into the rest of the process. Opening by path without
    O_CREAT matters: pyroute2's own way creates a namespace that has gone, and a DEL would leak one. Work that has not
    begun when the time is up never begins.

    Raises NetnsGone, DeadlineExceeded, KernelRefused, and whatever `work` raises.
    """
    given_up = threading.Event()

    def run() -> T:
        enter(path)
        if given_up.is_set():
            raise TookTooLong
        return work()

    try:
        return within(seconds, run)
    except TookTooLong as e:
        raise DeadlineExceeded(f"Work inside {path} did not end within {seconds:.1f} s.") from e
    finally:
        given_up.set()


def enter(path: str) -> None:
    """Move this thread, and whatever it starts from now on, into the namespace, to stay.

    Raises NetnsGone, KernelRefused.
    """
    fd = _open(path)
    try:
        _setns(fd, path)
    finally:
        os.close(fd)


def is_own(path: str) -> bool:
    """Whether `path` is the network namespace that this thread is in. Raises NetnsGone."""
    fd = _open(path)
    try:
        there, here = os.fstat(fd), Path(_OWN.format(tid=threading.get_native_id())).stat()
    finally:
        os.close(fd)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def exists(path: str) -> bool:
    """Whether there is a network namespace at `path` that can be opened."""
    try:
        os.close(_open(path))
    except NetnsGone:
        return False
    return True


def _open(path: str) -> int:
    try:
        # The kernel shows a namespace as a regular file; opening a FIFO would hang, and opening some devices acts.
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise NetnsGone(f"{path!r} is not a network namespace.")
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as e:
        if e.errno in _SHORT:
            # Not "gone": a runtime that is told so may leave out the DEL.
            raise
        raise NetnsGone(f"The network namespace {path!r} cannot be opened: {e.strerror}.") from e
    except ValueError as e:
        raise NetnsGone(f"The network namespace {path!r} is no path: {e}.") from e


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _setns(fd: int, path: str) -> None:
    if _libc().setns(fd, _CLONE_NEWNET) == 0:
        return
    number = ctypes.get_errno()
    if number == errno.EINVAL:
        raise NetnsGone(f"{path!r} is not a network namespace.")
    raise KernelRefused(f"Entering the network namespace {path!r} failed: {os.strerror(number)}.")
