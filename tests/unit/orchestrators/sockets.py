"""Unix sockets behind which is nobody, somebody who is silent, or somebody who says what the test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SECONDS = 20


def deserted(path: Path) -> Path:
    """A socket whose server has been killed: the file is still there."""
    socket.socket(socket.AF_UNIX).bind(str(path))
    return path


@contextmanager
def mute(path: Path) -> Iterator[Path]:
    """Takes connections and never says a word."""
    with _listening(path):
        yield path


@contextmanager
def saying(path: Path, answer: bytes, *, endless: bytes = b"") -> Iterator[Path]:
    """Says the same to everybody, and then goes, or says `endless` ten times a second as long as it is listened to."""
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        while not ended.is_set():
            with suppress(OSError), listening.accept()[0] as taken:
                taken.settimeout(_SECONDS)
                taken.recv(65536)
                taken.sendall(answer)
                while endless and not ended.wait(0.1):
                    taken.sendall(endless)

    with _listening(path) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield path
        finally:
            ended.set()
            thread.join(_SECONDS)


def http(status: int, body: bytes) -> bytes:
    """An answer of HTTP/1.1 that is the connection's last."""
    return b"HTTP/1.1 %d Said\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(0.05)
        yield listening
