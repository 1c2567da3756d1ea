"""The controller that vswitchd reports: OpenFlow 1.3, just enough to be granted the role of master.

VRS counts as functional when a row of the Controller table has the role `master` (vrs-ovsdb.md 3.1). vswitchd writes
that itself once a controller has asked for the role; OVN programs the bridge beside it, over the management socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections.abc import Callable
from pathlib import Path

VERSION = 4
HELLO, ERROR, ECHO_REQUEST, ECHO_REPLY, ROLE_REQUEST, ROLE_REPLY = 0, 1, 2, 3, 24, 25
MASTER = 2

_HEADER = struct.Struct("!BBHI")
_ROLE = struct.Struct("!I4xQ")

logger = logging.getLogger(__name__)


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """An OpenFlow 1.3 message."""
    return _HEADER.pack(VERSION, kind, _HEADER.size + len(body), xid) + body


def role_request(xid: int, generation: int) -> bytes:
    """A request to be master; the switch refuses a generation older than the last one it saw."""
    return message(ROLE_REQUEST, xid, _ROLE.pack(MASTER, generation & 0xFFFF_FFFF_FFFF_FFFF))


def is_master(body: bytes) -> bool:
    """Whether a role reply grants the role of master."""
    return len(body) >= _ROLE.size and _ROLE.unpack_from(body)[0] == MASTER


class Controller:
    """Listens for the switch.

    granted: called each time the switch has made this controller its master.
    clock: nanoseconds since the epoch; orders the generations of one resolver after another.
    """

    def __init__(self, granted: Callable[[], None], clock: Callable[[], int]) -> None:
        self._granted = granted
        self._clock = clock
        self._talks: set[asyncio.Task[None]] = set()
        self._server: asyncio.AbstractServer | None = None

    async def listen(self, path: Path) -> None:
        """Bind the Unix socket, in the place of one that a killed predecessor left."""
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, str(path))

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.ensure_future(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            writer.write(message(HELLO, 1))
            while True:
                _, kind, length, xid = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                body = await reader.readexactly(max(0, length - _HEADER.size))
                writer.write(self._answer(kind, xid, body))
                await writer.drain()
        writer.close()

    def _answer(self, kind: int, xid: int, body: bytes) -> bytes:
        if kind == HELLO:
            return role_request(2, self._clock())
        if kind == ECHO_REQUEST:
            return message(ECHO_REPLY, xid, body)
        if kind == ROLE_REPLY and is_master(body):
            logger.info("the switch has made us its master controller")
            self._granted()
        elif kind == ERROR:
            logger.warning("the switch answered with OpenFlow error %s", body[:4].hex())
        return b""
