"""Asks everybody: OVSDB, VSD, the journal, and the sources of workloads. Who does not answer is told as a problem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.node import description
from nuage_chain.attachment.settings import SPLIT, Settings
from nuage_chain.attachment.state import World
from nuage_chain.audit.facts import InVsd, Key
from nuage_chain.audit.inventory import Inventory
from nuage_chain.audit.networks import Networks
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.link import sandbox
from nuage_chain.orchestrators.workloads import Source
from nuage_chain.vrs.whole import Whole
from nuage_chain.vsd import names, registered

# No source may take more than that of the audit's time.
_SHARE = 0.3


def gather(networks: Networks, world: World, sources: Sequence[Source], deadline: Deadline) -> Inventory:
    """Everything that can be known now."""
    problems = list(networks.problems)
    journal = world.journal(networks.node)
    listings = [source.listing(deadline.part(_SHARE)) for source in sources]
    problems += [f"{listing.source}: {listing.problem}" for listing in listings if listing.problem]
    in_vsd = _in_vsd(networks, world, deadline, problems)
    # OVSDB and the journal last: what has been attached since the listings were made must not look like lost.
    whole = _whole(networks.node, world, deadline, problems)
    records = {(r.container_id, r.ifname): r for r in journal.records()}
    problems += [f"{path} is no record of the journal." for path in journal.broken()]
    keys = {*records, *in_vsd, *(whole.ours if whole else ())}
    inhabited = sandbox.peopled()
    if inhabited is None:
        problems.append("Not every process in /proc can be looked at: nothing is stale that still has its namespace.")
    return Inventory(whole, in_vsd, records, _busy(keys, journal), listings, problems, inhabited)


def _whole(node: Settings, world: World, deadline: Deadline, problems: list[str]) -> Whole | None:
    switch = world.switch(node)
    try:
        found = switch.whole(deadline.part(_SHARE))
    except NuageChainError as e:
        problems.append(e.message)
        return None
    finally:
        switch.close()
    if found.datapath is None:
        problems.append(f"There is no bridge {switch.bridge}.")
        return None
    return found


def _in_vsd(networks: Networks, world: World, deadline: Deadline, problems: list[str]) -> dict[Key, InVsd]:
    found: dict[Key, InVsd] = {}
    asked = set()
    for network in (*networks.by_name.values(), networks.node):
        place = tuple(network.text(k) for k in ("vsd.url", "vsd.organization", "enterprise", "domain"))
        if network.activation != SPLIT or not all(place) or place in asked:
            continue
        asked.add(place)
        try:
            found.update(_of_domain(network, world, deadline.part(_SHARE)))
        except NuageChainError as e:
            problems.append(e.message)
    return found


def _of_domain(network: Settings, world: World, deadline: Deadline) -> dict[Key, InVsd]:
    node = description(world.hostname, network.text("stateDir"))
    if not node:
        return {}
    vsd = world.vsd(network.access())
    try:
        domain = names.find_domain(vsd, network.text("enterprise"), network.text("domain"), deadline)
        listed = registered.of_node(vsd, f"domains/{domain}", node, deadline)
    finally:
        vsd.close()
    return {
        key: InVsd(external_id=external_id, vport=vport, parent=parent)
        for external_id, vport, parent in listed
        if (key := _key(external_id)) is not None
    }


def _key(external_id: str) -> Key | None:
    """`<container ID>/<ifname>@<owner>` (attachment/identity.py); neither of the first two can hold a slash or an @."""
    attachment, _, owner = external_id.rpartition("@")
    container_id, slash, ifname = attachment.partition("/")
    return (container_id, ifname) if owner and slash and container_id and ifname else None


def _busy(keys: Iterable[Key], journal: Journal) -> frozenset[Key]:
    busy = set()
    for key in keys:
        with journal.try_lock(*key) as ours:
            if not ours:
                busy.add(key)
    return frozenset(busy)
