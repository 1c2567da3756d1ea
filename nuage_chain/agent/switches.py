"""Connections to OVSDB that are kept open between calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from nuage_chain.vrs import jsonrpc
from nuage_chain.vrs.connection import Connection

KEPT = 32
"""For each OVSDB; more of them are closed after their call."""
_IDLE = 60.0


class Switches:
    """The pool; may be used by several threads. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: dict[str, list[tuple[float, jsonrpc.Peer]]] = {}

    def connection(self, remote: str) -> Connection:
        """A connection for one call, open already where one is kept; its close() gives it back."""
        return _Lent(remote, self)

    def take(self, remote: str) -> jsonrpc.Peer | None:
        """The one that was used last and still works."""
        while True:
            with self._lock:
                kept = self._idle.get(remote)
                if not kept:
                    return None
                _, peer = kept.pop()
            if peer.works():
                return peer
            peer.close()

    def give(self, remote: str, peer: jsonrpc.Peer) -> None:
        """Keeps it for the next call."""
        with self._lock:
            kept = self._idle.setdefault(remote, [])
            if len(kept) < KEPT:
                kept.append((self._clock(), peer))
                return
        peer.close()

    def sweep(self, idle: float = _IDLE) -> None:
        """Closes those that nobody has used for so many seconds, and forgets an OVSDB without any."""
        before, old = self._clock() - idle, []
        with self._lock:
            for remote, kept in list(self._idle.items()):
                old += [peer for since, peer in kept if since <= before]
                self._idle[remote] = [pair for pair in kept if pair[0] > before]
                if not self._idle[remote]:
                    del self._idle[remote]
        for peer in old:
            peer.close()

    def __len__(self) -> int:
        return sum(len(kept) for kept in list(self._idle.values()))


class _Lent(Connection):
    def __init__(self, remote: str, pool: Switches) -> None:
        super().__init__(remote)
        self._pool = pool
        self._peer = pool.take(remote)

    def close(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            self._pool.give(self.remote, peer)
