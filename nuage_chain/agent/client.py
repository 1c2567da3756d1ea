"""One connection of a relay, from its first byte to the answer."""

from __future__ import annotations

import enum
import socket
import threading

from nuage_chain.agent import wire
from nuage_chain.deadline import Cancel

# Of these nothing is left when nobody waits for them any more; a DEL is better ended than broken off.
ENDED_EARLY = ("ADD", "CHECK", "STATUS")
_TO_SEND = 5.0
_LONGEST = 600.0


class State(enum.Enum):
    """How far a call is."""

    READING = enum.auto()
    WAITING = enum.auto()
    RUNNING = enum.auto()


class Client:
    """A connection. arrived: when it came, by the clock of deadlines. pid: of the relay.

    ends: when the time of the call is up, as far as that is known. A relay that hears nothing for a while after that
    gives the call up (nuage_chain/relay.py), so that no runtime waits for a thread that hangs.
    """

    def __init__(self, sock: socket.socket, pid: int, arrived: float) -> None:
        sock.settimeout(_TO_SEND)
        self.sock = sock
        self.pid = pid
        self.arrived = arrived
        self.ends = arrived + _LONGEST
        self.state = State.READING
        self.size = 0
        self.cancel: Cancel | None = None
        self._read = bytearray()
        self._call: wire.Call | None = None
        self._sending = threading.Lock()

    @property
    def call(self) -> wire.Call:
        """What is asked, once `feed` has said that all of it is there."""
        assert self._call is not None  # noqa: S101 - a bug, not an input
        return self._call

    def feed(self, chunk: bytes) -> bool:
        """Takes what has come, and says whether that is the whole call. Raises Garbage, OSError."""
        self._read += chunk
        self.size = wire.length(bytes(self._read[:64])) or 0
        if not self.size or len(self._read) < self.size:
            return False
        if len(self._read) > self.size:
            raise wire.Garbage("it goes on after its end")
        self._call, self._read = wire.parse(bytes(self._read)), bytearray()
        if self.call.verb in ENDED_EARLY:
            self.cancel = Cancel()
        return True

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for the end of the call."""
        return self.cancel is not None and self.cancel.said

    def accept(self) -> bool:
        """Tells the relay that the call is ours from here on; False where it is not, since the relay has gone."""
        return not self.given_up and self._send(wire.ACCEPTED)

    def alive(self) -> None:
        """Tells the relay that we are there; not in the middle of an answer."""
        if self._sending.acquire(blocking=False):
            try:
                self.sock.send(wire.ALIVE, socket.MSG_DONTWAIT)
            except OSError:
                return
            finally:
                self._sending.release()

    def reply(self, status: int, out: str, err: str) -> bool:
        """Answers, and says whether the relay has it."""
        texts = (text.encode("utf-8", "replace") for text in (out, err))
        return self._send(wire.reply(status, *texts))

    def close(self) -> None:
        """Closes the connection; a relay that was told nothing does the call itself."""
        self.sock.close()
        if self.cancel is not None:
            self.cancel.close()
            self.cancel = None

    def _send(self, what: bytes) -> bool:
        with self._sending:
            try:
                self.sock.sendall(what)
            except OSError:
                return False
            return True
