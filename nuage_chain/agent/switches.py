"""Connections to OVSDB that are kept open between calls."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable

import ovs.jsonrpc

from nuage_chain.vrs.connection import Connection

KEPT = 32
"""For each OVSDB; more of them are closed after their call."""
_IDLE = 60.0


class Switches:
    """The pool; may be used by several threads. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: dict[str, list[tuple[float, ovs.jsonrpc.Connection]]] = {}

    def connection(self, remote: str) -> Connection:
        """A connection for one call, open already where one is kept; its close() gives it back."""
        return _Lent(remote, self)

    def take(self, remote: str) -> ovs.jsonrpc.Connection | None:
        """The one that was used last and still works."""
        while True:
            with self._lock:
                kept = self._idle.get(remote)
                if not kept:
                    return None
                _, rpc = kept.pop()
            if _works(rpc):
                return rpc

    def give(self, remote: str, rpc: ovs.jsonrpc.Connection) -> None:
        """Keeps it for the next call."""
        with self._lock:
            kept = self._idle.setdefault(remote, [])
            if len(kept) < KEPT:
                kept.append((self._clock(), rpc))
                return
        rpc.close()

    def sweep(self, idle: float = _IDLE) -> None:
        """Closes those that nobody has used for so many seconds, and forgets an OVSDB without any."""
        before, old = self._clock() - idle, []
        with self._lock:
            for remote, kept in list(self._idle.items()):
                old += [rpc for since, rpc in kept if since <= before]
                self._idle[remote] = [pair for pair in kept if pair[0] > before]
                if not self._idle[remote]:
                    del self._idle[remote]
        for rpc in old:
            rpc.close()

    def __len__(self) -> int:
        return sum(len(kept) for kept in list(self._idle.values()))


class _Lent(Connection):
    def __init__(self, remote: str, pool: Switches) -> None:
        super().__init__(remote)
        self._pool = pool
        self._rpc = pool.take(remote)

    def close(self) -> None:
        rpc, self._rpc = self._rpc, None
        if rpc is not None and rpc.stream is not None:
            self._pool.give(self.remote, rpc)


def _works(rpc: ovs.jsonrpc.Connection) -> bool:
    """Whether the server has not closed it meanwhile; answers its questions whether we are there."""
    while True:
        error, message = rpc.recv()
        if error:
            # The library closes what is broken.
            return bool(error == errno.EAGAIN)
        if message.type == ovs.jsonrpc.Message.T_REQUEST and message.method == "echo":
            rpc.send(ovs.jsonrpc.Message.create_reply(message.params, message.id))
