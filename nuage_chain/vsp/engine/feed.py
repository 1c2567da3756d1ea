"""What VSD has, kept in memory: a full reading at start and after a gap in the events, then event by event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.vsp.engine.mirror import MEMBERS, SHARED, Mirror, follow, needs_members

READING_SECONDS = 120.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

Members = Mapping[tuple[str, str], frozenset[str]]

logger = logging.getLogger(__name__)


class Source(Protocol):
    """VSD, as the feed asks it: calls that block, made in a thread."""

    def load(self, deadline: Deadline) -> Mirror:
        """All of it. Raises NuageChainError."""

    def members(self, kind: str, object_id: str, deadline: Deadline) -> Members:
        """The members of one object. Raises NuageChainError."""


class Feed:
    """Keeps `mirror`; None until VSD has been read once.

    changed: called with the scopes that may have changed, or None for all of them.
    """

    def __init__(self, source: Source, changed: Callable[[set[str] | None], None]) -> None:
        self.mirror: Mirror | None = None
        self._source = source
        self._changed = changed
        self._thread = ThreadPoolExecutor(1, "feed")
        self._events: list[dict[str, Any]] = []
        self._gap = False
        self._news = asyncio.Event()

    def gap(self) -> None:
        """Events may have been lost: VSD has to be read anew. What came before is in what is read."""
        self._gap = True
        self._events.clear()
        self._news.set()

    def take(self, events: list[dict[str, Any]]) -> None:
        """These changes happened, in this order."""
        self._events += events
        self._news.set()

    async def run(self) -> None:
        """Follow VSD until cancelled."""
        pause = FIRST_PAUSE
        complaint = ""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._round()
            except NuageChainError as e:
                if e.message != complaint:
                    complaint = e.message
                    logger.warning("VSD cannot be read: %s Trying again.", e.message)
                self._gap = True
                self._news.set()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause, complaint = FIRST_PAUSE, ""

    async def _round(self) -> None:
        if self._gap:
            self._gap = False
            self.mirror = await self._in_thread(lambda: self._source.load(Deadline(READING_SECONDS)))
            self._changed(None)
            return
        events, self._events = self._events, []
        if self.mirror is not None and events:
            await self._follow(self.mirror, events)

    async def _follow(self, mirror: Mirror, events: list[dict[str, Any]]) -> None:
        touched: set[str] = set()
        asked: dict[tuple[str, str], None] = {}
        for event in events:
            asked |= dict.fromkeys((event["entityType"], owner) for owner in needs_members(mirror, event))
            touched |= follow(mirror, event)
        found = await self._in_thread(lambda: self._members(list(asked)))
        for key, ids in found.items():
            if mirror.members.get(key, frozenset()) != ids:
                mirror.members[key] = ids
                touched |= self._scopes_of_owner(mirror, key[0])
        if touched:
            self._changed(touched)

    def _members(self, owners: list[tuple[str, str]]) -> dict[tuple[str, str], frozenset[str]]:
        found: dict[tuple[str, str], frozenset[str]] = {}
        for kind, owner in owners:
            found.update(self._source.members(kind, owner, Deadline(READING_SECONDS)))
        return found

    def _scopes_of_owner(self, mirror: Mirror, owner: str) -> set[str]:
        entities = ((kind, mirror.get(kind, owner)) for kind in MEMBERS)
        return {s for kind, entity in entities if entity for s in mirror.scopes_of(kind, entity)} - {SHARED}

    async def _in_thread(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `work` returns
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
