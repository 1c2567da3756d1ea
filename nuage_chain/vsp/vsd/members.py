"""Member collections: PUT a list of IDs replaces the members, PATCH adds or removes some (section 1.4)."""

from __future__ import annotations

from collections.abc import Sequence

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.permissions import check_place
from nuage_chain.vsp.vsd.refusal import Code, bad_request, conflict
from nuage_chain.vsp.vsd.unit import Unit

_IN_DOMAIN = {"policygroup", "redirectiontarget"}


def replace(unit: Unit, parent: Entity, resource: Resource, ids: object) -> None:
    """Make these, and no others, the members of a parent.

    Raises Refusal.
    """
    wanted = {member.id: member for member in _members(unit, parent, resource, ids)}
    there = {member.id: member for member in unit.entities.linked(parent.id, resource.name)}
    for object_id in there.keys() - wanted.keys():
        _part(unit, parent, there[object_id])
    for object_id in wanted.keys() - there.keys():
        _join(unit, parent, wanted[object_id])


def patch(unit: Unit, parent: Entity, resource: Resource, ids: object, how: str) -> None:
    """Add members, or remove some; `how` is X-Nuage-PatchType.

    Raises Refusal.
    """
    if how not in {"add", "remove"}:
        raise bad_request("X-Nuage-PatchType", f"X-Nuage-PatchType is {how!r}; it must be add or remove.")
    for member in _members(unit, parent, resource, ids):
        if how == "add":
            _join(unit, parent, member)
        else:
            _part(unit, parent, member)


def _join(unit: Unit, parent: Entity, member: Entity) -> None:
    """Both sides have changed: who follows `/events` need not ask for the members of everything that was touched."""
    unit.entities.link(parent, member)
    unit.touched(parent)
    unit.touched(member)


def _part(unit: Unit, parent: Entity, member: Entity) -> None:
    unit.entities.unlink(parent, member)
    unit.touched(parent)
    unit.touched(member)


def _members(unit: Unit, parent: Entity, resource: Resource, ids: object) -> Sequence[Entity]:
    if not isinstance(ids, list) or not all(isinstance(member, str) for member in ids):
        raise bad_request("", f"The body must be a list of IDs of {resource.collection}.")
    members = [unit.find(resource.name, member) for member in dict.fromkeys(ids)]
    for member in members:
        _same_domain(parent, member)
    check_place(unit.entities, unit.caller, unit.behaviour, parent.kind, parent)
    return members


def _same_domain(one: Entity, other: Entity) -> None:
    pair = {one.kind: one, other.kind: other}
    vport = pair.get("vport")
    group = next((pair[kind] for kind in _IN_DOMAIN if kind in pair), None)
    if vport is not None and group is not None and group.parent_id != vport.get("domainID"):
        description = f"{group.kind} {group.get('name')} and VPort {vport.get('name')} are not in the same domain."
        raise conflict("", "Not in the same domain", description, Code.NOT_IN_DOMAIN)
