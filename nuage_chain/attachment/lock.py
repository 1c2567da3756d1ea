"""A lock for each attachment that the kernel frees when its holder dies.

All of them are bytes of one file (open file description locks, fcntl(2)): nothing has to be cleaned up, the number of
attachments does not matter, and threads of one process keep each other out as processes do.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import IOFailure, TryAgainLater

# struct flock with 64-bit offsets: l_type, l_whence, l_start, l_len, l_pid, which has to be 0.
_FLOCK = "hhqqixxxx"
_FILE = "locks"
_HELD = (errno.EAGAIN, errno.EACCES)
_PAUSE = 0.01


class Busy(TryAgainLater):
    """Another call is working on the same attachment."""

    hint = "It ends within its own time budget; call again after that."


class Locks:
    """The locks in `folder`, which is made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self, key: str, deadline: Deadline, what: str) -> Iterator[None]:
        """Waits for the lock of `key`, hex digits. Raises Busy, which names `what`, and IOFailure."""
        fd = self._open()
        try:
            while not self._take(fd, key):
                try:
                    time.sleep(deadline.left("waiting", at_most=_PAUSE))
                except TryAgainLater as e:
                    raise Busy(f"Another call is still working on {what}.") from e
            yield
        finally:
            os.close(fd)

    @contextmanager
    def tried(self, key: str) -> Iterator[bool]:
        """Whether the lock of `key` could be had at once; it is ours until the end of the block then."""
        fd = self._open()
        try:
            yield self._take(fd, key)
        finally:
            os.close(fd)

    def _open(self) -> int:
        path = self.folder / _FILE
        try:
            try:
                return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except FileNotFoundError:
                self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
                return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as e:
            raise IOFailure(f"The file of locks {path} cannot be opened: {e.strerror}.") from e

    def _take(self, fd: int, key: str) -> bool:
        # Offsets are signed; two attachments that share one, of 2**60, only wait for each other.
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, int(key[:15], 16), 1, 0)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, wanted)
        except OSError as e:
            if e.errno in _HELD:
                return False
            raise IOFailure(f"Locking in {self.folder / _FILE} failed: {e.strerror}.") from e
        return True
