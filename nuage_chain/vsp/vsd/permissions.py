"""Who may write what: by role as a table, and by the permissions of groups on zones, domains and templates.

Sources: contract vsd-rest.md, sections 2.3 (permittedAction), 2.5 (USE or EXTEND on zone or domain) and 2.7 (roles).
"""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.vsp.vsd.auth import Caller
from nuage_chain.vsp.vsd.behaviour import Behaviour
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.refusal import forbidden

_OPERATORS = frozenset({"CSPROOT", "CMS"})
_ADMINISTRATORS = _OPERATORS | {"ORGADMIN"}
_DESIGNERS = _ADMINISTRATORS | {"ORGNETWORKDESIGNER"}
_WRITERS: Mapping[str, frozenset[str]] = {
    "cms": _OPERATORS,
    "enterprise": _OPERATORS,
    "enterprisepermission": _OPERATORS,
    "enterpriseprofile": _OPERATORS,
    "sharednetworkresource": _OPERATORS,
    "user": _ADMINISTRATORS,
    "group": _ADMINISTRATORS,
    "permission": _ADMINISTRATORS,
}
_USE = frozenset({"USE", "EXTEND", "ALL"})
_EXTEND = frozenset({"EXTEND", "ALL"})
_INSTANTIATE = frozenset({"INSTANTIATE", "ALL"})
# What a user who is no designer needs on the place of what it writes; other kinds are for designers alone.
_ACTIONS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("container", "vm", "vport", "containerinterface", "vminterface", "hostinterface", "bridgeinterface"), _USE
    ),
    **dict.fromkeys(("containerresync", "dhcpoption", "dhcpv6option", "virtualip", "ipreservation"), _USE),
    **dict.fromkeys(("domain", "l2domain", "zone", "subnet", "addressrange", "vmipreservation"), _EXTEND),
}
# A workload has no place of its own, its interfaces have.
_WORKLOADS = frozenset({"container", "vm"})
_PERMITTED = (
    "SELECT json_extract(body, '$.permittedAction') FROM objects WHERE kind = 'permission' AND parent_id IN"
    " (SELECT ancestor_id FROM scope WHERE object_id = ? UNION SELECT ?)"
    " AND json_extract(body, '$.associatedGroupID') IN (SELECT value FROM json_each(?))"
)


def check_write(caller: Caller, resource: Resource, method: str, object_id: str | None) -> None:
    """Raises Refusal (403) where the caller's role is not enough; users may change themselves."""
    writers = _WRITERS.get(resource.name)
    if writers is None or caller.role in writers:
        return
    if resource.name == "user" and method == "PUT" and object_id == caller.user.id:
        return
    raise forbidden(f"The role {caller.role} of {caller.name()} does not allow {method} of a {resource.name}.")


def check_place(entities: Entities, caller: Caller, behaviour: Behaviour, kind: str, place: Entity | None) -> None:
    """Hold a write against the permissions of the caller's groups where it happens.

    place: the parent of what is made, or the object itself.
    Raises Refusal (403).
    """
    if caller.role in _DESIGNERS or not behaviour.zone_permissions or kind in _WRITERS or kind == "metadata":
        return
    if _is_own(caller, kind, place):
        return
    wanted = _ACTIONS.get(kind, frozenset())
    if place is not None and not wanted.isdisjoint(_permitted(entities, caller, place)):
        return
    where = f"{place.kind} {place.get('name') or place.id}" if place is not None else "the root"
    needs = f"permission {' or '.join(sorted(wanted))} there" if wanted else "the role of a network designer"
    raise forbidden(f"{caller.name()} may not write a {kind} in {where}: that takes {needs}.")


def _is_own(caller: Caller, kind: str, place: Entity | None) -> bool:
    """Workloads are of whoever made them; where their interfaces plug in is another question, asked there."""
    if place is None:
        return kind in _WORKLOADS
    if kind in {"domain", "l2domain"} and place.kind == "enterprise":
        # The template decides.
        return True
    return place.kind in _WORKLOADS and place.get("userID") == caller.user.id


def check_instance(entities: Entities, caller: Caller, behaviour: Behaviour, template: Entity) -> None:
    """Raises Refusal (403) where the caller may not make a domain of a template."""
    if caller.role in _DESIGNERS or not behaviour.zone_permissions:
        return
    if _INSTANTIATE.isdisjoint(_permitted(entities, caller, template)):
        raise forbidden(f"{caller.name()} may not instantiate {template.kind} {template.get('name')}.")


def _permitted(entities: Entities, caller: Caller, place: Entity) -> set[str]:
    groups = "[" + ",".join(f'"{group}"' for group in sorted(caller.groups)) + "]"
    return {str(row[0]) for row in entities.store.rows(_PERMITTED, (place.id, place.id, groups))}
