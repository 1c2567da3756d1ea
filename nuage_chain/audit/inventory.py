"""The inventories: kernel, OVSDB, VSD, journal, memory and the workloads alive, laid together by attachment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nuage_chain.attachment.record import Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.audit.facts import Facts, InVsd, Key, Sighting
from nuage_chain.audit.memory import Memory
from nuage_chain.link import sandbox, veth
from nuage_chain.link.sandbox import Peopled, Sandbox
from nuage_chain.orchestrators.workloads import Listing
from nuage_chain.vrs import rows
from nuage_chain.vrs.whole import NOTHING, Parts, Whole

_SECONDS = 5


@dataclass(frozen=True)
class Inventory:
    """What was found at one moment. whole: None where OVSDB cannot be asked. problems: a sentence for each silence.

    inhabited: as `sandbox.peopled` says.
    """

    whole: Whole | None
    in_vsd: Mapping[Key, InVsd] = field(default_factory=dict)
    records: Mapping[Key, Record] = field(default_factory=dict)
    busy: frozenset[Key] = frozenset()
    listings: Sequence[Listing] = ()
    problems: Sequence[str] = ()
    inhabited: Peopled | None = None


def facts(found: Inventory, memory: Memory, node: Settings) -> list[Facts]:
    """One for each attachment of which there is anything at all, in the order of their names."""
    sees_links = found.whole is not None and _bridge_is_visible(node)
    keys = {*found.records, *found.in_vsd, *(found.whole.ours if found.whole else ()), *_left_links(memory, found)}
    lone = _lone_of(memory, found)
    return [_facts(key, found, memory, lone.get(key), sees_links) for key in sorted({*keys, *lone})]


def _facts(key: Key, found: Inventory, memory: Memory, lone: Parts | None, sees_links: bool) -> Facts:
    seen = found.whole.ours.get(key) if found.whole else None
    known, record = memory.attached.get(key), found.records.get(key)
    marks = seen.marks if seen else known.port.marks if known else {}
    host = seen.name if seen else known.port.name if known else record.host.name if record and record.host else ""
    netns = marks.get(rows.NETNS, "") or (record.netns if record else "")
    pod_uid = marks.get(rows.POD_UID, "")
    looked = Sandbox.SILENT
    if sees_links and host:
        looked = sandbox.look(netns, key[1], host, found.inhabited, _SECONDS)
    return Facts(
        key=key,
        network=marks.get(rows.NETWORK, "") or (record.network if record else ""),
        netns=netns,
        pod_uid=pod_uid,
        host=host,
        boot=marks.get(rows.BOOT, ""),
        seen=seen,
        parts=seen.parts if seen else lone or NOTHING,
        vsd=found.in_vsd.get(key),
        sandbox=looked,
        listed={listing.source: _listed(listing, key, pod_uid, found, memory) for listing in found.listings},
        weak=frozenset(listing.source for listing in found.listings if listing.weak),
        switch_answers=found.whole is not None,
        record=record,
        busy=key in found.busy,
        remembered=known,
    )


def remembered(judged: Iterable[Facts], memory: Memory) -> dict[Key, Sighting]:
    """The attachments that are whole now, or are only not seen whole; those of which nothing is left are forgotten."""
    kept = {}
    for one in judged:
        before = memory.attached.get(one.key)
        listed = frozenset(name for name, has in one.listed.items() if has and name not in one.weak)
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


def _listed(listing: Listing, key: Key, pod_uid: str, found: Inventory, memory: Memory) -> bool | None:
    """None where nothing may be concluded. A pod that lives says nothing about a sandbox that a newer one has replaced.

    A source that listed something before and is empty now is taken for one that fails: predecessors took an empty
    answer for "no workloads", and deleted every live one (predecessors.md 7.1, 7.3).
    """
    others = found.whole.ours.items() if found.whole and pod_uid else ()
    replaced = any(k != key and k[1] == key[1] and seen.marks.get(rows.POD_UID) == pod_uid for k, seen in others)
    if listing.lists(key[0], "" if replaced else pod_uid):
        return True
    lists_no_more = listing.empty and any(listing.source in one.listed for one in memory.attached.values())
    return None if listing.problem or lists_no_more else False


def _bridge_is_visible(node: Settings) -> bool:
    """Whether we are where the switch's links are: from elsewhere every sandbox would look gone."""
    return veth.current(node.text("bridge")) is not None


def _left_links(memory: Memory, found: Inventory) -> set[Key]:
    """Remembered attachments that OVSDB has nothing of any more, and whose host end is still there."""
    if found.whole is None:
        return set()
    return {key for key, one in memory.attached.items() if key not in found.whole.ours and _is_link(one)}


def _is_link(one: Sighting) -> bool:
    link = veth.current(one.port.name)
    return link is not None and link.index == one.index


def _lone_of(memory: Memory, found: Inventory) -> dict[Key, Parts]:
    """Rows without a port whose name and container we remember: a row alone does not say whose it is."""
    if found.whole is None:
        return {}
    return {
        key: found.whole.lone[one.port.name]
        for key, one in memory.attached.items()
        if key not in found.whole.ours and one.port.name in found.whole.lone
    }
