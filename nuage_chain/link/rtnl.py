"""rtnetlink (rtnetlink(7)) for the requests that are on the way of every call.

pyroute2 runs an event loop for each socket and decodes every attribute of every answer: 1.2 ms of CPU a request, 20 of
which an ADD makes. This takes 0.05 ms. What is rare goes by pyroute2 (link/layer3.py).
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from nuage_chain.errors import KernelRefused

ACK, ECHO, DUMP = 0x4, 0x8, 0x300
REPLACE, EXCLUSIVE, CREATE = 0x100, 0x200, 0x400

_REQUEST, _MULTI, _INTERRUPTED = 0x1, 0x2, 0x10
_ERROR, _DONE = 2, 3
_HEADER, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
_NESTED = 0x3FFF
_SOL_NETLINK, _STRICT = 270, 12
_SECONDS = 5.0
_CHUNK = 1 << 16
_TRIES = 5


class Socket:
    """A route netlink socket in the network namespace of the thread that makes it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.settimeout(_SECONDS)
        self._number = 0
        try:
            # With it the kernel answers a dump with what was asked for, and no more.
            self._socket.setsockopt(_SOL_NETLINK, _STRICT, 1)
        except OSError:
            # Before Linux 4.20; whoever dumps looks at what comes.
            return

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def ask(self, kind: int, body: bytes, flags: int = 0) -> list[tuple[int, bytes]]:
        """The messages of the answer, each by its type and without its header. Raises OSError with the kernel's number.

        kind: RTM_…; body: the family's structure and its attributes. A change has to be asked for with ACK.
        """
        for _ in range(_TRIES):
            answer = self._once(kind, body, flags)
            if answer is not None:
                return answer
        raise OSError(errno.EINTR, "the kernel's list changed while it was read, again and again")

    def _once(self, kind: int, body: bytes, flags: int) -> list[tuple[int, bytes]] | None:
        """None where the list has changed under the kernel's hands."""
        self._number += 1
        self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST, self._number, 0) + body)
        found: list[tuple[int, bytes]] = []
        whole = True
        while True:
            for its, its_flags, payload in self._received():
                whole = whole and not its_flags & _INTERRUPTED
                if its == _ERROR:
                    number = -struct.unpack_from("=i", payload)[0]
                    if number:
                        raise OSError(number, os.strerror(number))
                if its in (_ERROR, _DONE):
                    return found if whole else None
                found.append((its, payload))
                if not (its_flags & _MULTI or flags & ACK):
                    return found

    def _received(self) -> Iterator[tuple[int, int, bytes]]:
        """Type, flags and payload of what has come, but for answers to what was asked before."""
        chunk = self._socket.recv(_CHUNK)
        at = 0
        while at + _HEADER.size <= len(chunk):
            length, kind, flags, number, _ = _HEADER.unpack_from(chunk, at)
            if number == self._number:
                yield kind, flags, chunk[at + _HEADER.size : at + length]
            at += max(length + 3 & ~3, _HEADER.size)


@contextmanager
def rtnetlink(doing: str) -> Iterator[Socket]:
    """A socket in the network namespace of this thread.

    doing: what the caller is about, for the message of the KernelRefused that a refusal turns into.
    """
    try:
        opened = Socket()
        try:
            yield opened
        finally:
            opened.close()
    except OSError as e:
        raise KernelRefused(f"{doing} failed: {e.strerror or e}.") from e


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, filled up to four bytes."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes that begin there, by their types; of several of one type the last."""
    found = {}
    size, unpack, last = _ATTRIBUTE.size, _ATTRIBUTE.unpack_from, len(data) - _ATTRIBUTE.size
    while offset <= last:
        length, kind = unpack(data, offset)
        found[kind & _NESTED] = data[offset + size : offset + length]
        offset += length + 3 & ~3 or size
    return found


def text(value: bytes) -> str:
    """A string as the kernel ends it."""
    return value.rstrip(b"\0").decode("utf-8", "replace")


def number(value: bytes) -> int:
    """An unsigned 32-bit number, 0 where there is none."""
    return int(struct.unpack("=I", value)[0]) if len(value) == 4 else 0
