"""Which objects are in a collection, as SQL: under a parent, visible to the caller, matching the filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.vsd.auth import Caller
from nuage_chain.vsp.vsd.behaviour import Behaviour
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.predicate import looks_like_predicate, parse
from nuage_chain.vsp.vsd.predicate_sql import column, compile_predicate, is_selective, order_by, plain_text

_MEMBER_OF_VPORT = {"policygroup", "redirectiontarget"}
# What is under a parent, for few candidates (look each one up) and for many (walk them in the order of their names).
_EACH_IN_SCOPE = (
    "EXISTS (SELECT 1 FROM scope WHERE ancestor_id = ? AND scope.kind = ? AND object_id = objects.id{direct})"
    " OR EXISTS (SELECT 1 FROM links WHERE one = ? AND other_kind = ? AND other = objects.id)"
)
_ALL_IN_SCOPE = "scope.ancestor_id = ? AND scope.kind = ?{direct}"
_IN_SCOPE = "scope CROSS JOIN objects ON objects.id = scope.object_id"
_ALL_LINKED = (
    "id IN (SELECT object_id FROM scope WHERE ancestor_id = ? AND scope.kind = ?{direct}"
    " UNION SELECT other FROM links WHERE one = ? AND other_kind = ?)"
)
_ENTRIES = {"ingressaclentrytemplate", "egressaclentrytemplate"}
# The entries that apply to a vPort: those of its domain for anywhere, its subnet, its zone or one of its policy groups.
_ENTRIES_OF_VPORT = (
    "id IN (SELECT object_id FROM scope WHERE ancestor_id = ? AND scope.kind = objects.kind)"
    " AND (json_extract(body, '$.locationType') = 'ANY' OR json_extract(body, '$.locationID') IN (?, ?)"
    " OR json_extract(body, '$.locationID') IN (SELECT other FROM links WHERE one = ?))"
)


@dataclass
class Query:
    """Conditions that all hold, and where from; `selective` when an index finds the few that can match."""

    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    selective: bool = False
    source: str = "objects"

    def add(self, condition: str, *parameters: Any) -> None:  # noqa: ANN401 - SQL parameters
        """One more condition."""
        self.conditions.append(f"({condition})")
        self.parameters += parameters

    @property
    def where(self) -> str:
        """The conditions as one."""
        return " AND ".join(self.conditions)

    @property
    def counted_in(self) -> str:
        """What to count in: where nothing but the parent matters its index will do."""
        return "scope" if self.source == _IN_SCOPE and len(self.conditions) == 1 else self.source

    def ordered(self, order: str, resource: Resource) -> str:
        """The SQL of an X-Nuage-OrderBy header.

        Raises Refusal (400).
        """
        # The plus keeps SQLite from walking the index of the order instead of finding by that of the filter.
        plus = "+" if self.selective else ""
        name = column(resource, "name") if resource.type_of("name") else None
        parts = []
        for expression, down in order_by(order, resource):
            by = "scope.name" if expression == name and self.source == _IN_SCOPE else f"{plus}{expression}"
            parts.append(f"{by} {'DESC' if down else 'ASC'}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Filter:
    """A filter as SQL, and the headers that say how it was read."""

    condition: str = ""
    parameters: tuple[Any, ...] = ()
    selective: bool = False
    echoed: Mapping[str, str] = field(default_factory=dict)


def filter_of(resource: Resource, headers: Mapping[str, str], behaviour: Behaviour) -> Filter:
    """What X-Nuage-Filter asks for.

    Raises Refusal (400).
    """
    text = headers.get("x-nuage-filter", "").strip()
    if not text:
        return Filter()
    if headers.get("x-nuage-filtertype", "").lower() != "predicate" and not looks_like_predicate(text):
        condition, parameters = plain_text(text)
        return Filter(condition, tuple(parameters), False, {"X-Nuage-Filter": text, "X-Nuage-FilterType": "plain"})
    tree = parse(text)
    condition, parameters = compile_predicate(tree, resource, behaviour)
    echoed = {"X-Nuage-Filter": text, "X-Nuage-FilterType": "predicate"}
    return Filter(condition, tuple(parameters), is_selective(tree), echoed)


def query_of(
    entities: Entities, resource: Resource, parent: Entity | None, caller: Caller, tree: Filter, behaviour: Behaviour
) -> Query:
    """The query of a collection under a parent (None: the root)."""
    query = Query()
    # What is under an object of the tenant's own is its own.
    if not caller.is_csp and (parent is None or parent.enterprise_id != caller.enterprise.id):
        query.add("enterprise_id IS NULL OR enterprise_id = ?", caller.enterprise.id)
    if tree.condition:
        query.add(tree.condition, *tree.parameters)
        query.selective = tree.selective
    _of_parent(entities, query, resource, parent, behaviour)
    if query.source == "objects":
        # The plus keeps SQLite from walking all of a kind instead of what is under the parent.
        query.add(f"{'' if parent is None or query.selective else '+'}objects.kind = ?", resource.name)
    return query


def _of_parent(
    entities: Entities, query: Query, resource: Resource, parent: Entity | None, behaviour: Behaviour
) -> None:
    if parent is None:
        if resource.name == "enterprise" and behaviour.hide_csp:
            # The operator's own enterprise does not show up among the customers.
            query.add("json_extract(body, '$.enterpriseType') IS NOT 'CSP'")
        return
    if parent.kind == "enterprise" and resource.name == "sharednetworkresource":
        # They belong to nobody; every enterprise may use them.
        return
    if parent.kind == "vport" and resource.name in _ENTRIES:
        query.add(_ENTRIES_OF_VPORT, *(parent.get(name) for name in ("domainID", "parentID", "zoneID")), parent.id)
        return
    owner = parent.id
    if parent.kind.endswith("interface") and resource.name in _MEMBER_OF_VPORT:
        owner = str(parent.get("VPortID"))
    # What may be created under a parent is listed under its own parent only, the rest under all above it.
    letters = resource.relation(parent.kind)
    direct = " AND direct = 1" if "C" in letters and "A" not in letters else ""
    if query.selective or owner != parent.id or entities.has_links(owner, resource.name):
        text = _EACH_IN_SCOPE if query.selective else _ALL_LINKED
        query.add(text.format(direct=direct), owner, resource.name, owner, resource.name)
    else:
        query.source = _IN_SCOPE
        query.add(_ALL_IN_SCOPE.format(direct=direct), owner, resource.name)
