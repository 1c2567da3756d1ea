"""The inventories: kernel, OVSDB, VSD, journal, memory and the workloads alive, laid together by attachment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nuage_chain.attachment.record import Record
from nuage_chain.audit.facts import Facts, InVsd, Key, Sighting
from nuage_chain.audit.memory import Memory
from nuage_chain.audit.networks import Networks, Place, switch_of
from nuage_chain.link import sandbox, veth
from nuage_chain.link.sandbox import Peopled, Sandbox
from nuage_chain.orchestrators.workloads import Listing
from nuage_chain.vrs import rows
from nuage_chain.vrs.whole import NOTHING, Parts, Seen, Whole

_SECONDS = 5


@dataclass(frozen=True)
class Inventory:
    """What was found at one moment. switches: those that have answered, and complete: whether all of them have.

    problems: a sentence for each silence. inhabited: as `sandbox.peopled` says.
    """

    networks: Networks
    switches: Mapping[Place, Whole] = field(default_factory=dict)
    complete: bool = False
    in_vsd: Mapping[Key, InVsd] = field(default_factory=dict)
    records: Mapping[Key, Record] = field(default_factory=dict)
    busy: frozenset[Key] = frozenset()
    listings: Sequence[Listing] = ()
    problems: Sequence[str] = ()
    inhabited: Peopled | None = None

    @cached_property
    def ours(self) -> Mapping[Key, tuple[Place, Seen]]:
        """Every port of ours, with its switch."""
        return {key: (place, seen) for place, one in self.switches.items() for key, seen in one.ours.items()}

    def lone(self, sighting: Sighting) -> Parts | None:
        """What VRS's tables still have of a port that the switch has lost; None where there is nothing."""
        whole = self.switches.get(self.place(sighting))
        return whole.lone.get(sighting.port.name) if whole else None

    def place(self, sighting: Sighting) -> Place:
        """The switch that it was on."""
        return switch_of(self.networks.of(sighting.network))[0], sighting.port.bridge


def facts(found: Inventory, memory: Memory) -> list[Facts]:
    """One for each attachment of which there is anything at all, in the order of their names."""
    here = frozenset(place for place, whole in found.switches.items() if _is_here(place[1], whole.mac))
    others = {key for whole in found.switches.values() for key in whole.others}
    keys = {*found.records, *(found.in_vsd.keys() - others), *found.ours, *_lost(memory, found)}
    each = (_facts(key, found, memory, here) for key in sorted(keys))
    return [one for one in each if one.network not in found.networks.elsewhere]


def remembered(judged: Iterable[Facts], memory: Memory, found: Inventory) -> dict[Key, Sighting]:
    """The attachments that are whole now, or are only not seen whole; those of which nothing is left are forgotten.

    What a switch had is not forgotten for its silence.
    """
    kept = {key: one for key, one in memory.attached.items() if found.place(one) not in found.switches}
    for one in judged:
        before = memory.attached.get(one.key)
        listed = frozenset(name for name, has in one.listed.items() if has)
        if one.seen is not None and one.seen.port is not None:
            link = veth.current(one.host)
            index = link.index if link else before.index if before else 0
            marks = one.seen.marks
            kept[one.key] = Sighting(
                network=one.network,
                call=marks.get(rows.CALL, ""),
                boot=one.boot,
                netns=one.netns,
                port=one.seen.port,
                index=index,
                listed=listed | (before.listed if before else frozenset()),
            )
        elif before is not None:
            kept[one.key] = dataclasses.replace(before, listed=before.listed | listed)
    return kept


def unknown(found: Inventory, memory: Memory) -> list[str]:
    """Names in VRS's tables that no switch has a port of, and that nobody remembers: a row does not say whose it is."""
    ours = {one.port.name for one in memory.attached.values()}
    return sorted({name for whole in found.switches.values() for name in whole.lone} - ours)


def _facts(key: Key, found: Inventory, memory: Memory, here: frozenset[Place]) -> Facts:
    place, seen = found.ours.get(key, (None, None))
    known, record, in_vsd = memory.attached.get(key), found.records.get(key), found.in_vsd.get(key)
    marks = seen.marks if seen else known.port.marks if known else {}
    host = seen.name if seen else known.port.name if known else record.host.name if record and record.host else ""
    network = marks.get(rows.NETWORK, "") or (record.network if record else "")
    netns = marks.get(rows.NETNS, "") or (record.netns if record else "")
    pod_uid = marks.get(rows.POD_UID, "")
    place = place or (found.place(known) if known else switch_of(found.networks.of(network)) if record else None)
    visible = place in here and host != ""
    return Facts(
        key=key,
        network=network or (in_vsd.network if in_vsd else ""),
        switch=place,
        netns=netns,
        pod_uid=pod_uid,
        host=host,
        linked=visible and veth.current(host) is not None,
        boot=marks.get(rows.BOOT, ""),
        seen=seen,
        parts=seen.parts if seen else (known and found.lone(known)) or NOTHING,
        vsd=in_vsd,
        sandbox=sandbox.look(netns, key[1], host, found.inhabited, _SECONDS) if visible else Sandbox.SILENT,
        listed={listing.source: _listed(listing, key, pod_uid, found, memory) for listing in found.listings},
        weak=frozenset(listing.source for listing in found.listings if listing.weak),
        switch_answers=found.complete if place is None else place in found.switches,
        record=record,
        busy=key in found.busy,
        remembered=known,
    )


def _listed(listing: Listing, key: Key, pod_uid: str, found: Inventory, memory: Memory) -> bool | None:
    """None where nothing may be concluded.

    A pod that lives and has several sandboxes lives in one of them: which one, only those know who list sandboxes.
    A source that listed something before and is empty now is taken for one that fails: predecessors took an empty
    answer for "no workloads", and deleted every live one (predecessors.md 7.1, 7.3).
    """
    others = found.ours.items() if pod_uid else ()
    several = any(k != key and k[1] == key[1] and seen.marks.get(rows.POD_UID) == pod_uid for k, (_, seen) in others)
    if listing.lists(key[0], "" if several else pod_uid):
        return True
    if several and pod_uid in listing.pods and not listing.sandboxes:
        return None
    lists_no_more = listing.empty and any(listing.source in one.listed for one in memory.attached.values())
    return None if listing.problem or lists_no_more else False


def _is_here(bridge: str, mac: str) -> bool:
    """Whether we are where the switch's links are: from elsewhere every sandbox would look gone.

    By the address too, since every node on a machine has a bridge of that name (`nuage-chain vsp up --nodes`).
    """
    link = veth.current(bridge)
    return link is not None and link.mac == mac


def _lost(memory: Memory, found: Inventory) -> set[Key]:
    """Remembered attachments that the switch has no port of any more, and that have rows or their host end still."""
    return {
        key
        for key, one in memory.attached.items()
        if key not in found.ours and found.place(one) in found.switches and (found.lone(one) or _is_link(one))
    }


def _is_link(one: Sighting) -> bool:
    link = veth.current(one.port.name)
    return link is not None and link.index == one.index
