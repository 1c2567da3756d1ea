"""What VSD has, as far as the engine needs it: filled at start and whenever events were lost, then kept by events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Entity = Mapping[str, Any]

SHARED = "shared"
"""The scope of what belongs to no domain."""

DOMAINS = ("domain", "l2domain")
INTERFACES = ("containerinterface", "vminterface", "hostinterface")
TEMPLATES = ("ingressacltemplate", "egressacltemplate", "ingressadvfwdtemplate")
ENTRIES = {
    "ingressacltemplate": "ingressaclentrytemplate",
    "egressacltemplate": "egressaclentrytemplate",
    "ingressadvfwdtemplate": "ingressadvfwdentrytemplate",
}
MACROS = ("enterprisenetwork", "publicnetwork", "networkmacrogroup")
KINDS = frozenset(
    (
        *DOMAINS, *INTERFACES, *TEMPLATES, *ENTRIES.values(), *MACROS,
        *("zone", "subnet", "vport", "policygroup", "redirectiontarget", "virtualip"),
        *("staticroute", "floatingip", "sharednetworkresource", "dhcpoption"),
    )
)  # fmt: skip
"""The kinds that say something about OVN."""

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "vport": ("policygroup", "redirectiontarget"),
    "networkmacrogroup": ("enterprisenetwork",),
}
"""Kinds with members, which no event names: they have to be asked for."""

_AUDIT = ("lastUpdatedBy", "lastUpdatedDate")
_REPORTED = ("operationalState", "hasAttachedInterfaces")


@dataclass
class Mirror:
    """Objects by kind and ID, children by parent, members by owner and kind."""

    objects: dict[str, dict[str, Entity]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    members: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    _children: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)

    def put(self, kind: str, entity: Entity) -> None:
        """An object is there, or has changed."""
        self.drop(kind, entity["ID"])
        self.objects[kind][entity["ID"]] = entity
        self._children.setdefault((kind, _owner(kind, entity)), {})[entity["ID"]] = None

    def drop(self, kind: str, object_id: str) -> None:
        """An object is not there any more."""
        before = self.objects[kind].pop(object_id, None)
        if before is not None:
            self._children[kind, _owner(kind, before)].pop(object_id, None)

    def get(self, kind: str, object_id: str | None) -> Entity | None:
        """The object, if it is there."""
        return self.objects[kind].get(object_id or "")

    def children(self, kind: str, parent_id: str) -> list[Entity]:
        """The objects of a kind under a parent; interfaces are under their vPort."""
        return [self.objects[kind][child] for child in sorted(self._children.get((kind, parent_id), ()))]

    def member_ids(self, owner_id: str, kind: str) -> frozenset[str]:
        """The members of a kind that an object has."""
        return self.members.get((owner_id, kind), frozenset())

    def scopes(self) -> set[str]:
        """Every scope that there may be something in."""
        return {SHARED, *self.objects["domain"], *self.objects["l2domain"]}

    def scopes_of(self, kind: str, entity: Entity) -> set[str]:
        """The scopes that a change of this object may change; none when it is under nothing that is known."""
        if kind in MACROS or kind == "sharednetworkresource":
            return self.scopes()
        for _ in range(len(KINDS)):
            if kind in DOMAINS:
                return {entity["ID"], SHARED}
            found = next(self._above(kind, entity), None)
            if found is None:
                return set()
            kind, entity = found
        return set()

    def _above(self, kind: str, entity: Entity) -> Iterator[tuple[str, Entity]]:
        owner = _owner(kind, entity)
        for above in ("vport", "subnet", "zone", *DOMAINS, *TEMPLATES, "redirectiontarget"):
            found = self.get(above, owner)
            if found is not None:
                yield above, found


def needs_members(mirror: Mirror, event: Mapping[str, Any]) -> Iterator[str]:
    """The IDs of objects whose members may have changed with this event of VSD.

    A change of members touches the object and leaves its attributes as they were.
    """
    kind = str(event.get("entityType"))
    if event.get("type") != "UPDATE" or kind not in MEMBERS:
        return
    for entity in _entities(event):
        before = mirror.get(kind, entity["ID"])
        if before is None or _told(before) == _told(entity):
            yield entity["ID"]


def follow(mirror: Mirror, event: Mapping[str, Any]) -> set[str]:
    """Take one event of VSD in; the scopes that it may change."""
    kind = str(event.get("entityType"))
    if kind not in KINDS:
        return set()
    touched: set[str] = set()
    for entity in _entities(event):
        before = mirror.get(kind, entity["ID"])
        if before is not None and event.get("type") == "UPDATE" and _essence(before) == _essence(entity):
            mirror.put(kind, entity)
            continue
        if not _is_bare(mirror, kind, entity):
            touched |= mirror.scopes_of(kind, before or entity)
        if event.get("type") == "DELETE":
            mirror.drop(kind, entity["ID"])
            continue
        mirror.put(kind, entity)
        if before is not None or not _is_bare(mirror, kind, entity):
            touched |= mirror.scopes_of(kind, entity)
    return touched


def _is_bare(mirror: Mirror, kind: str, entity: Entity) -> bool:
    """Whether it is a vPort that nothing is attached to, which OVN does not hear of."""
    return kind == "vport" and not any(mirror.children(interface, entity["ID"]) for interface in INTERFACES)


def _entities(event: Mapping[str, Any]) -> Iterable[Entity]:
    return [e for e in event.get("entities") or () if isinstance(e, dict) and isinstance(e.get("ID"), str)]


def _owner(kind: str, entity: Entity) -> str:
    return str(entity.get("VPortID" if kind in INTERFACES else "parentID") or "")


def _told(entity: Entity) -> dict[str, Any]:
    return {key: value for key, value in entity.items() if key not in _AUDIT}


def _essence(entity: Entity) -> dict[str, Any]:
    """What OVN is made from: not who changed it, and not what was only reported to VSD."""
    return {key: value for key, value in entity.items() if key not in _AUDIT and key not in _REPORTED}
