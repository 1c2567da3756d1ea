"""JSON-RPC over a stream of the ovs library (RFC 7047, section 4), read by Python's own JSON parser.

The library's is in Python, but where Open vSwitch's headers were there when it was installed: it takes 2 ms of CPU for
the answers of one ADD, and Python's 0.05 ms.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
from collections.abc import Callable
from typing import Any, TypeAlias

import ovs.poller
import ovs.stream

Message: TypeAlias = dict[str, Any]
_CHUNK = 1 << 16
_LARGEST = 256 << 20
_DECODER = json.JSONDecoder()


class Broken(ConnectionError):
    """The connection cannot be used any more; the text says why."""


class Peer:
    """One connection to a server; answers its questions whether we are there. For one thread at a time."""

    def __init__(self, stream: ovs.stream.Stream) -> None:
        self._stream = stream
        self._read, self._unsent = bytearray(), b""
        self._numbers = itertools.count(1)

    def ask(self, method: str, params: list[Any]) -> int:
        """Sends a request and returns its id; some of it may go out only as `receive` is called. Raises Broken."""
        number = next(self._numbers)
        self._send({"method": method, "params": params, "id": number})
        return number

    def receive(self) -> Message | None:
        """The next message; None where it has not come yet, so that the caller waits. Raises Broken."""
        self._flush()
        while True:
            message = self._next()
            if message is None:
                if not self._more():
                    return None
            elif message.get("method") == "echo":
                self._send({"result": message.get("params"), "error": None, "id": message.get("id")})
            else:
                return message

    def works(self) -> bool:
        """Whether the server has not closed it while nothing was asked; answers what it asked meanwhile."""
        try:
            while self.receive() is not None:
                pass
        except Broken:
            return False
        return True

    def wait(self, seconds: float, wakes: int | None = None) -> None:
        """Until something has come, there is room to send, `wakes` can be read from, or the time is up."""
        poller = ovs.poller.Poller()
        poller.timer_wait(int(seconds * 1000) + 1)
        self._stream.run()
        self._stream.run_wait(poller)
        self._stream.recv_wait(poller)
        if self._unsent:
            self._stream.send_wait(poller)
        if wakes is not None:
            poller.fd_wait(wakes, ovs.poller.POLLIN)
        poller.block()

    def close(self) -> None:
        """Closes the connection."""
        self._stream.close()

    def _send(self, message: Message) -> None:
        self._unsent += json.dumps(message, separators=(",", ":")).encode()
        self._flush()

    def _flush(self) -> None:
        while self._unsent:
            sent = self._stream.send(self._unsent)
            if sent == -errno.EAGAIN:
                return
            if sent < 0:
                raise Broken(os.strerror(-sent))
            self._unsent = self._unsent[sent:]

    def _more(self) -> bool:
        error, chunk = self._stream.recv(_CHUNK)
        if error == errno.EAGAIN:
            return False
        if error:
            raise Broken(os.strerror(error))
        if not chunk:
            raise Broken("the server closed the connection")
        self._read += chunk
        if self._read[:1].isspace():
            self._read = self._read.lstrip()
        if (self._read and not self._read.startswith(b"{")) or len(self._read) > _LARGEST:
            raise Broken("what answers there is no OVSDB")
        return True

    def _next(self) -> Message | None:
        """The first message of what has been read, once all of it is there: only then it ends as an object does."""
        if not self._read.endswith(b"}"):
            return None
        text = self._read.decode("utf-8", "replace")
        try:
            message, end = _DECODER.raw_decode(text)
        except ValueError:
            return None
        self._read = bytearray(text[end:].lstrip().encode())
        return dict(message)


def connect(remote: str, seconds: float, refuse: Callable[[str], Exception]) -> Peer:
    """A connection to `remote`, as Open vSwitch writes it. refuse: makes the exception, of why there is none."""
    try:
        error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(remote), int(seconds * 1000))
    except RecursionError as e:
        # The library shortens a path that is too long for a socket, and never ends where only its name is long.
        raise refuse("the path is too long") from e
    except (ValueError, TypeError, OverflowError, OSError) as e:
        raise refuse(str(e)) from e
    if error:
        raise refuse("the server closed the connection" if error < 0 else os.strerror(error))
    return Peer(stream)
