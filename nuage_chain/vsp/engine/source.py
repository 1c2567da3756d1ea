"""Reading VSD: all of it at once, and the members that its events do not name. Every call blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.vsd.listed import listed
from nuage_chain.vsd.session import Session
from nuage_chain.vsp.engine.mirror import DOMAINS, ENTRIES, INTERFACES, MEMBERS, Mirror

LISTED = (
    *(*DOMAINS, "zone", "subnet", "policygroup", "redirectiontarget", *INTERFACES),
    *("ingressacltemplate", "egressacltemplate", *ENTRIES.values()),
    *("enterprisenetwork", "networkmacrogroup", "staticroute", "floatingip", "sharednetworkresource"),
)
"""Kinds whose objects VSD lists at the root."""

NESTED: Mapping[str, tuple[str, ...]] = {
    "vport": DOMAINS,
    "ingressadvfwdtemplate": DOMAINS,
    "dhcpoption": (*DOMAINS, "zone", "subnet"),
    "virtualip": ("redirectiontarget",),
}
"""Kinds whose objects VSD lists under others only."""

_GROUPS = ("policygroup", "redirectiontarget")


def collection(kind: str) -> str:
    """The kind's word in a path."""
    return f"{kind}s"


def load(session: Session, deadline: Deadline) -> Mirror:
    """All of VSD that the engine needs. Raises NuageChainError when VSD cannot be asked.

    What goes while the rest is read is left out; its event follows.
    """
    mirror = Mirror()
    for kind in LISTED:
        _take(mirror, kind, session.get(collection(kind), deadline))
    for kind, parents in NESTED.items():
        for path in [f"{collection(p)}/{i}/{collection(kind)}" for p in parents for i in mirror.objects[p]]:
            _take(mirror, kind, listed(session, path, deadline))
    for enterprise in session.get("enterprises", deadline):
        _take(mirror, "publicnetwork", listed(session, f"enterprises/{enterprise['ID']}/publicnetworks", deadline))
    mirror.members.update(_groups(session, mirror, deadline))
    for group in mirror.objects["networkmacrogroup"]:
        mirror.members.update(members(session, "networkmacrogroup", group, deadline))
    return mirror


def members(
    session: Session, kind: str, object_id: str, deadline: Deadline
) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    """The members of one object, as `Mirror.members` has them. Raises NuageChainError when VSD cannot be asked."""
    for member in MEMBERS[kind]:
        found = listed(session, f"{collection(kind)}/{object_id}/{collection(member)}", deadline)
        yield (object_id, member), frozenset(entity["ID"] for entity in found)


def _groups(session: Session, mirror: Mirror, deadline: Deadline) -> dict[tuple[str, str], frozenset[str]]:
    """The groups of every vPort, asked for from the groups' side: there are fewer of them."""
    of_vport: dict[tuple[str, str], set[str]] = {}
    for kind in _GROUPS:
        for group in mirror.objects[kind]:
            for vport in listed(session, f"{collection(kind)}/{group}/vports", deadline):
                of_vport.setdefault((vport["ID"], kind), set()).add(group)
    return {key: frozenset(groups) for key, groups in of_vport.items()}


def _take(mirror: Mirror, kind: str, found: Iterable[dict[str, Any]]) -> None:
    for entity in found:
        mirror.put(kind, entity)
