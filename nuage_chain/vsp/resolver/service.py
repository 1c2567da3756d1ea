"""The resolver's life: one cycle after every change compares what is with what ought to be, and writes the rest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError, OvsdbUnreachable
from nuage_chain.vsp.events import Events
from nuage_chain.vsp.layout import BRIDGE, Layout
from nuage_chain.vsp.ovsdb import Operation, Ovsdb, attended, connect, encoded_map, encoded_set
from nuage_chain.vsp.resolver import rows
from nuage_chain.vsp.resolver.concerns import concerned, moves_networks
from nuage_chain.vsp.resolver.networks import Networks
from nuage_chain.vsp.resolver.openflow import Controller
from nuage_chain.vsp.resolver.resolutions import Resolutions
from nuage_chain.vsp.resolver.vsc import EmbeddedVsc
from nuage_chain.vsp.sessions import Sessions
from nuage_chain.vsp.settings import Settings

SWITCH_DB = "Open_vSwitch"
LOOKUP_THREADS = 4
FULL_ROUND_SECONDS = 60.0
SWEEP_SECONDS = 30.0

logger = logging.getLogger(__name__)


class Service:
    """Everything the resolver does, on one event loop; calls to VSD are made in threads."""

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self._layout = layout
        self._node = settings.system_id
        self._changed = asyncio.Event()
        self._sessions = Sessions(layout, settings)
        self._networks = Networks()
        self._vsc = EmbeddedVsc(self._sessions, self._networks, settings.system_id, settings.address)
        self._lookups = ThreadPoolExecutor(LOOKUP_THREADS, "lookup")
        self._reports = ThreadPoolExecutor(1, "report")
        self._resolutions = Resolutions(self._vsc, self._changed.set, self._lookups, self._reports)
        self._controller = Controller(self._granted, time.time_ns)
        self._show_role = False
        self._alive: frozenset[tuple[str, str]] = frozenset()
        self._sweep_due = False
        self._sweeping: asyncio.Task[None] | None = None

    async def run(self, ended: asyncio.Event, ready: Callable[[], None]) -> None:
        """Resolve until `ended` is set. ready: called when the switch has reported us as its master controller."""
        loop = asyncio.get_running_loop()
        events = Events(
            self._sessions.access,
            lambda found: loop.call_soon_threadsafe(self._on_events, found),
            lambda: loop.call_soon_threadsafe(self._full_round),
        )
        await self._controller.listen(self._layout.controller_socket)
        self._resolutions.start()
        events.start()
        rounds = asyncio.ensure_future(self._rounds())
        attending = asyncio.ensure_future(attended(lambda: self._connected(ready), logger))
        await asyncio.wait({asyncio.ensure_future(ended.wait()), attending}, return_when=asyncio.FIRST_COMPLETED)
        events.end()
        for task in filter(None, (rounds, attending, self._sweeping)):
            task.cancel()
        outcome = await asyncio.gather(attending, return_exceptions=True)
        await self._resolutions.close()
        await self._controller.close()
        if isinstance(outcome[0], Exception):
            raise outcome[0]

    async def _connected(self, ready: Callable[[], None]) -> None:
        """Work as long as the switch's database is there. Raises OvsdbUnreachable, SwitchRefused."""
        switch = await connect(self._layout.ovsdb_socket, self._changed.set)
        try:
            await switch.monitor(SWITCH_DB, {**rows.COLUMNS, "Bridge": ("name", "controller")})
            self._changed.set()
            await self._work(switch, ready)
        finally:
            await switch.close()

    async def _work(self, switch: Ovsdb, ready: Callable[[], None]) -> None:
        controlled = False
        while True:
            await self._changed.wait()
            self._changed.clear()
            if switch.lost:
                raise OvsdbUnreachable("The connection to the switch's database has ended.")
            if not controlled:
                controlled = await self._take_control(switch)
            if self._show_role:
                self._show_role = False
                await switch.transact(SWITCH_DB, [_refresh_status(switch)])
            await self._cycle(switch)
            if any(row["role"] == "master" for row in switch.tables["Controller"].values()):
                ready()

    async def _cycle(self, switch: Ovsdb) -> None:
        views = rows.port_views(switch.tables)
        # Before anything is made for them; the sweep's thread asks for it.
        self._alive = frozenset((view.demand.vm_uuid, name) for name, view in views.items())
        self._resolutions.follow(views)
        bindings = self._resolutions.bindings
        undecided = self._resolutions.undecided | (views.keys() - self._resolutions.ports)
        operations = rows.write_back(views, bindings, undecided)
        if operations:
            await switch.transact(SWITCH_DB, operations)
        for name, binding in bindings.items():
            view = views.get(name)
            if view is not None and (not view.life.forwards or view.values == rows.row_values(binding)):
                self._resolutions.settled(name, view.life)
        if self._sweep_due and (self._sweeping is None or self._sweeping.done()):
            self._sweep_due = False
            self._sweeping = asyncio.ensure_future(self._sweep())

    async def _sweep(self) -> None:
        """Remove from VSD what metadata mode made for ports that are gone."""
        try:
            deadline = Deadline(SWEEP_SECONDS)
            await self._resolutions.in_thread(lambda: self._vsc.release_orphans(lambda: self._alive, deadline))
        except NuageChainError as e:
            logger.info("VSD could not be cleaned up (%s); the next round does", e.message)

    async def _rounds(self) -> None:
        while True:
            await asyncio.sleep(FULL_ROUND_SECONDS)
            self._full_round()

    def _full_round(self) -> None:
        self._networks.forget()
        self._resolutions.ask_again(lambda _: True)
        self._sweep_due = True
        self._changed.set()

    def _on_events(self, events: list[dict[str, Any]]) -> None:
        if any(moves_networks(event) for event in events):
            self._networks.forget()
            self._sweep_due = True
            self._changed.set()
        self._resolutions.ask_again(lambda entry: any(concerned(entry.demand, entry.binding, e) for e in events))

    def _granted(self) -> None:
        self._show_role = True
        self._changed.set()

    async def _take_control(self, switch: Ovsdb) -> bool:
        """Put our controller into the bridge: a row of its own, so that vswitchd connects at once.

        It would wait out its back-off for a row that it knows.
        """
        if not any(row["name"] == BRIDGE for row in switch.tables["Bridge"].values()):
            return False
        target = {"target": f"unix:{self._layout.controller_socket}", "connection_mode": "out-of-band"}
        where = [["name", "==", BRIDGE]]
        await switch.transact(
            SWITCH_DB,
            [
                {"op": "update", "table": "Bridge", "where": where, "row": {"controller": encoded_set([])}},
                {"op": "insert", "table": "Controller", "row": {**target, "max_backoff": 1000}, "uuid-name": "vsc"},
                {"op": "update", "table": "Bridge", "where": where, "row": {"controller": ["named-uuid", "vsc"]}},
            ],
        )
        return True


def _refresh_status(switch: Ovsdb) -> Operation:
    """vswitchd writes the controller's role every 5 s, and at once when that interval is changed."""
    (now,) = switch.tables["Open_vSwitch"].values()
    key = "stats-update-interval"
    value = "5001" if now["other_config"].get(key) != "5001" else "5000"
    mutations = [
        ["other_config", "delete", encoded_set([key])],
        ["other_config", "insert", encoded_map({key: value})],
    ]
    return {"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": mutations}
