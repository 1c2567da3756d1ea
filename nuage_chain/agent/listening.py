"""The socket: systemd's, or one of our own."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from nuage_chain.errors import IOFailure, NotAvailable

_FIRST = 3  # sd_listen_fds(3)
_BACKLOG = 1024


@contextlib.contextmanager
def listening(path: Path, environ: Mapping[str, str]) -> Iterator[socket.socket]:
    """A socket that listens: the one that systemd hands over (sd_listen_fds(3)), else a new one at `path`.

    Raises NotAvailable where an agent listens at `path` already, IOFailure.
    """
    if environ.get("LISTEN_PID") == str(os.getpid()) and environ.get("LISTEN_FDS", "0") != "0":
        with socket.socket(fileno=_FIRST) as theirs:
            os.set_inheritable(_FIRST, False)
            yield theirs
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
        try:
            _bind(ours, path)
        except OSError as e:
            raise IOFailure(f"The socket {path} cannot be made: {e.strerror or e}.") from e
        made = path.stat().st_ino
        try:
            yield ours
        finally:
            with contextlib.suppress(OSError):
                if path.stat().st_ino == made:
                    path.unlink()


def _bind(sock: socket.socket, path: Path) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if path.is_socket():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(str(path)) == 0:
                raise NotAvailable(f"An agent listens at {path} already.", hint="One is enough.")
        path.unlink()
    # The mode of a socket is there when it is made, or others could call before it has changed.
    before = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(before)
    sock.listen(_BACKLOG)
