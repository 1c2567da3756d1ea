"""Sessions with VSD that are kept open between calls, one for each account."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from nuage_chain.vsd.access import Access, Stamps
from nuage_chain.vsd.session import Session

KEPT = 16
_IDLE = 600.0


class _Kept(Session):
    """A session that a call cannot close."""

    used: float = 0.0

    def close(self) -> None:
        """Nothing: the next call goes on with it."""

    def end(self) -> None:
        super().close()


@dataclass(frozen=True)
class _Key:
    """A password that was changed, or a certificate that was renewed, makes a session of its own."""

    access: Access
    stamps: Stamps


class Sessions:
    """The sessions; may be used by several threads. Passwords are kept in memory only. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[_Key, _Kept] = OrderedDict()

    def session(self, access: Access) -> Session:
        """The one of that account. Raises BadConfig."""
        key = _Key(access, access.stamps())
        with self._lock:
            found = self._sessions.get(key) or _Kept(access)
            found.used = self._clock()
            self._sessions[key] = found
            self._sessions.move_to_end(key)
            old = self._sessions.popitem(last=False)[1] if len(self._sessions) > KEPT else None
        if old is not None:
            old.end()
        return found

    def sweep(self, idle: float = _IDLE) -> None:
        """Closes those that nobody has used for so many seconds."""
        before = self._clock() - idle
        with self._lock:
            old = [key for key, session in self._sessions.items() if session.used <= before]
            ended = [self._sessions.pop(key) for key in old]
        for session in ended:
            session.end()

    def __len__(self) -> int:
        return len(self._sessions)
