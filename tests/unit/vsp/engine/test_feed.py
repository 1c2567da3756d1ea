from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsp.engine.feed import Feed, Members
from tests.unit.vsp.engine.worlds import DOMAIN, shop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nuage_chain.deadline import Deadline
    from nuage_chain.vsp.engine.mirror import Mirror

VPORT = {"ID": "vp-a", "parentID": "s-web", "addressSpoofing": "INHERITED", "active": True}


class Vsd:
    """Answers as VSD would; refuses as often as `failures` says."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.loads = failures, 0
        self.groups: Members = {}

    def load(self, deadline: Deadline) -> Mirror:
        self.loads += 1
        if self.failures:
            self.failures -= 1
            raise VsdUnreachable("VSD is away.")
        return shop()

    def members(self, kind: str, object_id: str, deadline: Deadline) -> Members:
        return self.groups


def feeding(vsd: Vsd, work: Callable[[Feed, asyncio.Queue[set[str] | None]], Awaitable[None]]) -> None:
    async def main() -> None:
        changes: asyncio.Queue[set[str] | None] = asyncio.Queue()
        feed = Feed(vsd, changes.put_nowait)
        task = asyncio.ensure_future(feed.run())
        try:
            await asyncio.wait_for(work(feed, changes), 10)
        finally:
            task.cancel()

    asyncio.run(main())


def test_vsd_is_read_as_a_whole_first_and_by_its_events_then() -> None:
    vsd = Vsd()

    async def work(feed: Feed, changes: asyncio.Queue[set[str] | None]) -> None:
        feed.gap()
        assert await changes.get() is None
        feed.take([{"type": "CREATE", "entityType": "zone", "entities": [{"ID": "z", "parentID": DOMAIN}]}])
        assert DOMAIN in (await changes.get() or ())
        assert vsd.loads == 1

    feeding(vsd, work)


def test_events_before_the_first_reading_are_in_it() -> None:
    async def work(feed: Feed, changes: asyncio.Queue[set[str] | None]) -> None:
        feed.take([{"type": "DELETE", "entityType": "domain", "entities": [{"ID": DOMAIN}]}])
        feed.gap()
        assert await changes.get() is None
        assert feed.mirror is not None
        assert feed.mirror.get("domain", DOMAIN) is not None

    feeding(Vsd(), work)


def test_a_vsd_that_cannot_be_read_is_read_again_and_nothing_is_concluded_meanwhile() -> None:
    vsd = Vsd(failures=2)

    async def work(feed: Feed, changes: asyncio.Queue[set[str] | None]) -> None:
        feed.gap()
        assert await changes.get() is None
        assert vsd.loads == 3
        assert changes.empty()

    feeding(vsd, work)


def test_a_change_of_members_is_seen_though_no_event_names_them() -> None:
    vsd = Vsd()

    async def work(feed: Feed, changes: asyncio.Queue[set[str] | None]) -> None:
        feed.gap()
        await changes.get()
        vsd.groups = {("vp-a", "policygroup"): frozenset({"pg"})}
        feed.take([{"type": "UPDATE", "entityType": "vport", "entities": [VPORT]}])
        assert DOMAIN in (await changes.get() or ())
        assert feed.mirror is not None
        assert feed.mirror.member_ids("vp-a", "policygroup") == {"pg"}

    feeding(vsd, work)
