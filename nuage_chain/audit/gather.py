"""Asks everybody: OVSDB, VSD, the journal, and the sources of workloads. Who does not answer is told as a problem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.audit import in_vsd
from nuage_chain.audit.facts import Key
from nuage_chain.audit.inventory import Inventory
from nuage_chain.audit.memory import Memory
from nuage_chain.audit.networks import Networks, Place
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.link import sandbox
from nuage_chain.orchestrators.workloads import Source
from nuage_chain.vrs.whole import Whole

# No source may take more than that of the time that is left.
_SHARE = 0.3


def gather(
    networks: Networks, world: World, sources: Sequence[Source], memory: Memory, deadline: Deadline
) -> Inventory:
    """Everything that can be known now."""
    problems = list(networks.problems)
    journal = world.journal(networks.node)
    listings = [source.listing(deadline.part(_SHARE)) for source in sources]
    problems += [f"{listing.source}: {listing.problem}" for listing in listings if listing.problem]
    listed = in_vsd.look(networks, world, deadline.part(_SHARE), problems)
    # OVSDB and the journal after them: what has been attached since must not look like lost.
    switches, complete = _switches(networks, world, deadline, problems)
    records = {(r.container_id, r.ifname): r for r in journal.records()}
    problems += [f"{path} is no record of the journal." for path in journal.broken()]
    ours = {key for whole in switches.values() for key in (*whole.ours, *whole.others)}
    vports = in_vsd.complete(listed, {key[0] for key in ours}, world, deadline.part(_SHARE), problems)
    busy = _busy({*records, *vports, *ours, *memory.attached}, journal)
    # A network whose configuration cannot be read may be on a switch that nobody has asked.
    complete = complete and not networks.problems
    inhabited = sandbox.peopled()
    if inhabited is None:
        problems.append("Not every process in /proc can be looked at: nothing is stale that still has its namespace.")
    return Inventory(networks, switches, complete, vports, records, busy, listings, problems, inhabited)


def _switches(
    networks: Networks, world: World, deadline: Deadline, problems: list[str]
) -> tuple[dict[Place, Whole], bool]:
    """Those that answer, and whether all do that have to."""
    found: dict[Place, Whole] = {}
    silent = 0
    for place, needed in networks.switches().items():
        problem, whole = _whole(networks.of("", place), world, deadline.part(_SHARE))
        if whole is not None:
            found[place] = whole
        elif needed:
            problems.append(problem)
            silent += 1
    return found, not silent


def _whole(its: Settings, world: World, deadline: Deadline) -> tuple[str, Whole | None]:
    switch = world.switch(its)
    try:
        found = switch.whole(deadline)
    except NuageChainError as e:
        return e.message, None
    finally:
        switch.close()
    return f"There is no bridge {switch.bridge}.", found if found.datapath is not None else None


def _busy(keys: Iterable[Key], journal: Journal) -> frozenset[Key]:
    busy = set()
    for key in keys:
        with journal.try_lock(*key) as ours:
            if not ours:
                busy.add(key)
    return frozenset(busy)
