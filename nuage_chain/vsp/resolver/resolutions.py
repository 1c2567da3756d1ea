"""One task for each port: asks VSD until it knows, keeps what it knows up to date, lets go when the row goes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.vsp.resolver.binding import Binding
from nuage_chain.vsp.resolver.life import Life
from nuage_chain.vsp.resolver.networks import Unresolved
from nuage_chain.vsp.resolver.rows import Demand, PortView

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
ASKING_SECONDS = 8.0
GRACE_SECONDS = 1.0
REPORT_PAUSE = 1.0
QUIET_TRIES, QUIET_PAUSE = 100, 0.02

logger = logging.getLogger(__name__)


class Vsc(Protocol):
    """What the resolutions need of VSC: calls that block, made in threads."""

    def activate(self, demand: Demand, deadline: Deadline) -> Binding:
        """What VSD decided for the port. Raises Unresolved when it cannot, NuageChainError when VSD cannot be asked."""

    def release(self, demand: Demand, deadline: Deadline) -> None:
        """The rows of a port in metadata mode are gone: delete what was made for it. Raises NuageChainError."""

    def report(self, binding: Binding, life: Life, deadline: Deadline) -> None:
        """Tell VSD how the port lives. Raises NuageChainError."""

    def report_down(self, binding: Binding, deadline: Deadline) -> None:
        """Tell VSD that the port does not run any more. Raises NuageChainError."""


@dataclass(eq=False)
class Entry:
    """A port that is looked after. binding: what VSD decided; None as long as, or because, it decided nothing.

    ended: set when nothing is done for it any more, and its objects are released where they were ours.
    """

    demand: Demand
    binding: Binding | None = None
    decided: bool = False
    gone: bool = False
    reported: Life | None = None
    complaint: str = ""
    nudge: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Resolutions:
    """The ports of this node and what became of them.

    changed: called when a binding was made, changed or lost.
    lookups, reports: pools of threads.
    """

    def __init__(
        self, vsc: Vsc, changed: Callable[[], None], lookups: ThreadPoolExecutor, reports: ThreadPoolExecutor
    ) -> None:
        self._vsc = vsc
        self._changed = changed
        self._lookups = lookups
        self._reports = reports
        self._entries: dict[str, Entry] = {}
        self._leaving: dict[str, set[Entry]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._to_report: asyncio.Queue[tuple[Entry, Binding, Life]] = asyncio.Queue()

    def start(self) -> None:
        """Begin to tell VSD about ports that run; called on the event loop."""
        self._spawn(self._report())

    @property
    def bindings(self) -> dict[str, Binding]:
        """What is decided, by port name."""
        return {name: entry.binding for name, entry in self._entries.items() if entry.binding is not None}

    @property
    def undecided(self) -> set[str]:
        """Ports of which VSD has not said yet whether it knows them."""
        return {name for name, entry in self._entries.items() if not entry.decided}

    @property
    def ports(self) -> set[str]:
        """The names of all ports that are looked after."""
        return set(self._entries)

    def follow(self, views: Mapping[str, PortView]) -> None:
        """Begin with ports that appeared; let go of those whose rows are gone or ask for another thing."""
        for name in list(self._entries):
            view = views.get(name)
            if view is None or view.demand != self._entries[name].demand or not view.life.defined:
                self._let_go(name)
        for name, view in views.items():
            if name not in self._entries and view.interface is not None and view.life.defined:
                entry = self._entries[name] = Entry(view.demand)
                self._spawn(self._attend(entry, tuple(self._leaving.get(name, ()))))

    def settled(self, name: str, life: Life) -> None:
        """The port's row is filled, or empty for a port that has stopped: VSD is told once of each change."""
        entry = self._entries[name]
        if entry.binding is not None and entry.reported != life:
            entry.reported = life
            self._to_report.put_nowait((entry, entry.binding, life))

    def ask_again(self, concerns: Callable[[Entry], bool]) -> None:
        """VSD may say something else now of the ports that `concerns` picks."""
        for entry in self._entries.values():
            if concerns(entry):
                entry.nudge.set()

    async def close(self) -> None:
        """Stop looking after anything; nothing is released."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """What `work` returns, run beside the look-ups."""
        return await asyncio.get_running_loop().run_in_executor(self._lookups, work)

    def _let_go(self, name: str) -> None:
        entry = self._entries.pop(name)
        entry.gone = True
        entry.nudge.set()
        if entry.demand.names is not None and not entry.ended.is_set():
            self._leaving.setdefault(name, set()).add(entry)

    async def _attend(self, entry: Entry, before: tuple[Entry, ...]) -> None:
        """Look after a port until it is gone. before: ports of the same name whose objects are still to be released."""
        try:
            for predecessor in before:
                await predecessor.ended.wait()
            await self._resolve(entry)
            await self._end(entry)
        finally:
            entry.ended.set()
            self._has_left(entry)

    def _has_left(self, entry: Entry) -> None:
        leaving = self._leaving.get(entry.demand.port, set())
        leaving.discard(entry)
        if not leaving:
            self._leaving.pop(entry.demand.port, None)

    async def _resolve(self, entry: Entry) -> None:
        pause = FIRST_PAUSE
        while not entry.gone:
            entry.nudge.clear()
            settled = await self._ask(entry)
            pause = FIRST_PAUSE if settled else min(pause * 2, LONGEST_PAUSE)
            await _wait(entry.nudge, None if settled else pause)

    async def _ask(self, entry: Entry) -> bool:
        """Ask VSD once; whether there is nothing to do until something changes."""
        try:
            binding = await self.in_thread(lambda: self._vsc.activate(entry.demand, Deadline(ASKING_SECONDS)))
        except Unresolved as e:
            self._decide(entry, None)
            self._complain(entry, e)
            return False
        except NuageChainError as e:
            self._complain(entry, e)
            return False
        self._decide(entry, binding)
        if entry.complaint:
            logger.info("port %s is resolved now", entry.demand.port)
            entry.complaint = ""
        return True

    def _decide(self, entry: Entry, binding: Binding | None) -> None:
        if not entry.decided or entry.binding != binding:
            entry.decided, entry.reported, entry.binding = True, None, binding
            self._changed()

    def _complain(self, entry: Entry, error: NuageChainError) -> None:
        if error.message != entry.complaint:
            entry.complaint = error.message
            logger.warning("port %s of %s is not resolved: %s", entry.demand.port, entry.demand.vm_uuid, error.message)

    async def _end(self, entry: Entry) -> None:
        if entry.demand.names is None:
            await self._down(entry)
            return
        pause = FIRST_PAUSE
        while not await self._tell(entry, self._lookups, lambda d: self._vsc.release(entry.demand, d)):
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _down(self, entry: Entry) -> None:
        """Split mode: whoever removed the rows deletes the vPort next; only one that stays is said to be down."""
        await asyncio.sleep(GRACE_SECONDS)
        binding = entry.binding
        if binding is not None and binding.vport_id not in {b.vport_id for b in self.bindings.values()}:
            await self._tell(entry, self._reports, lambda d: self._vsc.report_down(binding, d))

    async def _report(self) -> None:
        while True:
            entry, binding, life = await self._to_report.get()
            await self._quiet()
            if entry.gone or entry.binding is not binding or entry.reported != life:
                continue
            if not await self._tell(entry, self._reports, functools.partial(self._vsc.report, binding, life)):
                self._to_report.put_nowait((entry, binding, life))
                await asyncio.sleep(REPORT_PAUSE)

    async def _quiet(self) -> None:
        """Wait while ports are still to be looked up, but not for ever: VSD is asked about them first."""
        for _ in range(QUIET_TRIES):
            if not self.undecided:
                return
            await asyncio.sleep(QUIET_PAUSE)

    async def _tell(self, entry: Entry, pool: ThreadPoolExecutor, call: Callable[[Deadline], None]) -> bool:
        """Whether VSD took it."""
        try:
            await asyncio.get_running_loop().run_in_executor(pool, lambda: call(Deadline(ASKING_SECONDS)))
        except NuageChainError as e:
            self._complain(entry, e)
            return False
        return True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a port is not looked after any more", exc_info=task.exception())


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
