"""Who calls: a process of root, or of our own user, in our own network namespace."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


class Unwanted(Exception):
    """Whose calls we do not do; the text says why."""


def allowed(sock: socket.socket) -> int:
    """The process ID of the caller. Raises Unwanted; its relay then does the call by its own rights."""
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    if uid not in (0, os.geteuid()):
        raise Unwanted(f"process {pid} of user {uid}, who is not root")
    try:
        there, here = Path(f"/proc/{pid}/ns/net").stat(), Path("/proc/self/ns/net").stat()
    except OSError:
        raise Unwanted(f"process {pid}, which has ended or cannot be seen") from None
    if (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino):
        # Interface names and 127.0.0.1 mean other things there.
        raise Unwanted(f"process {pid} of another network namespace")
    return int(pid)
