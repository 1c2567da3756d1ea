"""What changed, for the long poll of /events: the last few thousand changes, and a condition to wait on."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEPT = 8192
_SEQUENCE_BITS = 48


@dataclass(frozen=True)
class Event:
    """One change as clients see it; `enterprise_id` says which tenant may."""

    enterprise_id: str | None
    body: Mapping[str, Any]


class EventLog:
    """A bounded ring of events; a cursor is a UUID whose last 48 bits are a sequence number of this very process."""

    def __init__(self, kept: int = KEPT) -> None:
        self._changed = threading.Condition()
        self._events: deque[Event] = deque(maxlen=kept)
        self._last = 0
        self._closed = False
        self._boot = uuid.uuid4().int >> _SEQUENCE_BITS

    def publish(self, events: Iterable[Event]) -> None:
        """Add events and wake those who wait."""
        with self._changed:
            for event in events:
                self._events.append(event)
                self._last += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Send everybody who waits home."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def since(self, cursor: str | None, enterprise_id: str | None, seconds: float) -> tuple[list[Event], str]:
        """The events after a cursor and the next cursor; waits up to `seconds` for the first one.

        enterprise_id: only what that tenant may see; None sees all. Without a cursor it is what happens from now on.
        A cursor that is too old or of another process gets no events and a fresh cursor at once: the client has to
        look for itself what changed.
        """
        with self._changed:
            start = self._last if cursor is None else self._position(cursor)
            if start is None:
                return [], self._cursor()
            self._changed.wait_for(lambda: self._closed or self._seen(start, enterprise_id), seconds)
            return self._seen(start, enterprise_id), self._cursor()

    def _seen(self, start: int, enterprise_id: str | None) -> list[Event]:
        fresh = self._last - start
        if fresh <= 0:
            return []
        latest = list(self._events)[-fresh:]
        return [event for event in latest if enterprise_id is None or event.enterprise_id == enterprise_id]

    def _position(self, cursor: str) -> int | None:
        try:
            number = uuid.UUID(cursor).int
        except ValueError:
            return None
        position = number & ((1 << _SEQUENCE_BITS) - 1)
        known = self._last - len(self._events) <= position <= self._last
        return position if known and number >> _SEQUENCE_BITS == self._boot else None

    def _cursor(self) -> str:
        return str(uuid.UUID(int=(self._boot << _SEQUENCE_BITS) | self._last))
