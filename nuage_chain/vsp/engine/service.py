"""The engine's life: whatever changed in VSD, OVN or among the nodes, the scopes it touches are compared and mended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OvsdbUnreachable, SwitchRefused
from nuage_chain.vsp.engine import source
from nuage_chain.vsp.engine.difference import difference
from nuage_chain.vsp.engine.feed import Feed, Members
from nuage_chain.vsp.engine.mirror import SHARED, Mirror
from nuage_chain.vsp.engine.objects import COLUMNS, Index
from nuage_chain.vsp.engine.wanted import wanted_rows
from nuage_chain.vsp.events import Events
from nuage_chain.vsp.layout import OUTSIDE_NETWORK, Layout
from nuage_chain.vsp.ovsdb import Ovsdb, Tables, attended, connect
from nuage_chain.vsp.sessions import Sessions
from nuage_chain.vsp.settings import Settings

NORTHBOUND, SOUTHBOUND = "OVN_Northbound", "OVN_Southbound"
FULL_ROUND_SECONDS = 300.0

logger = logging.getLogger(__name__)


class Service:
    """The engine, on one event loop; VSD is asked in threads. Nothing of it outlives it but what is in OVN."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self._layout = layout
        self._sessions = Sessions(layout, settings)
        self._without_policy = settings.without_policy == "allow"
        self._feed = Feed(_Vsd(self._sessions), self._touched)
        self._due: set[str] | None = None
        self._changed = asyncio.Event()
        self._gateways: list[str] = []

    async def run(self, ended: asyncio.Event, ready: Callable[[], None]) -> None:
        """Reconcile until `ended` is set. ready: called when OVN has all that VSD had at start."""
        loop = asyncio.get_running_loop()
        events = Events(
            self._sessions.access,
            lambda found: loop.call_soon_threadsafe(self._feed.take, found),
            lambda: loop.call_soon_threadsafe(self._feed.gap),
        )
        events.start()
        tasks = [
            asyncio.ensure_future(work)
            for work in (self._feed.run(), self._rounds(), attended(lambda: self._connected(ready), logger))
        ]
        await asyncio.wait([asyncio.ensure_future(ended.wait()), *tasks], return_when=asyncio.FIRST_COMPLETED)
        events.end()
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _connected(self, ready: Callable[[], None]) -> None:
        """Work as long as both databases are there. Raises OvsdbUnreachable, SwitchRefused."""
        north = await connect(self._layout.nb_socket, self._changed.set)
        try:
            south = await connect(self._layout.sb_socket, self._changed.set)
            try:
                await south.monitor(SOUTHBOUND, {"Chassis": ("name", "other_config")})
                await north.monitor(NORTHBOUND, COLUMNS)
                await self._work(north, south, ready)
            finally:
                await south.close()
        finally:
            await north.close()

    async def _work(self, north: Ovsdb, south: Ovsdb, ready: Callable[[], None]) -> None:
        index = Index()
        index.fill(north.tables)
        north.followed = index.follow
        self._due = None
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if north.lost or south.lost:
                raise OvsdbUnreachable("The connection to a database of OVN has ended.")
            gateways = _gateways(south.tables)
            if gateways != self._gateways:
                self._gateways, self._due = gateways, None
            mirror = self._feed.mirror
            if mirror is None:
                continue
            due = index.scopes | mirror.scopes() if self._due is None else self._due
            self._due = set()
            for scope in _in_order(due):
                await self._reconcile(north, index, mirror, scope)
            ready()

    async def _reconcile(self, north: Ovsdb, index: Index, mirror: Mirror, scope: str) -> None:
        # One domain's trouble is not the others'.
        try:
            wanted = wanted_rows(mirror, scope, self._gateways, without_policy=self._without_policy)
            operations = difference(scope, wanted, north.tables, index)
            if operations:
                await north.transact(NORTHBOUND, operations)
        except SwitchRefused as e:
            logger.warning("%s of VSD is not in OVN as it should be: %s", scope, e.message)
        except (ValueError, LookupError):
            logger.exception("%s of VSD cannot be made of OVN's objects", scope)

    def _touched(self, scopes: set[str] | None) -> None:
        if scopes is None or self._due is None:
            self._due = None
        else:
            self._due |= scopes
        self._changed.set()

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(FULL_ROUND_SECONDS)
            self._feed.gap()


class _Vsd:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def load(self, deadline: Deadline) -> Mirror:
        return source.load(self._sessions.own(), deadline)

    def members(self, kind: str, object_id: str, deadline: Deadline) -> Members:
        return dict(source.members(self._sessions.own(), kind, object_id, deadline))


def _gateways(tables: Tables) -> list[str]:
    """The nodes that have the bridge to the outside."""
    nodes: list[dict[str, Any]] = list(tables["Chassis"].values())
    leads = [n["name"] for n in nodes if f"{OUTSIDE_NETWORK}:" in n["other_config"].get("ovn-bridge-mappings", "")]
    return sorted(leads)


def _in_order(scopes: set[str]) -> list[str]:
    """What is shared comes first: the domains' rows refer to it."""
    return sorted(scopes, key=lambda scope: (scope != SHARED, scope))
