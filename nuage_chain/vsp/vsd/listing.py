"""Collections: which objects are in one, filtered, ordered and paged (contract vsd-rest.md, sections 1.4 and 1.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.vsd.auth import Caller
from nuage_chain.vsp.vsd.behaviour import Behaviour
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.predicate import looks_like_predicate, parse
from nuage_chain.vsp.vsd.predicate_sql import column, compile_predicate, is_selective, order_by, plain_text
from nuage_chain.vsp.vsd.refusal import bad_request

_MEMBER_OF_VPORT = {"policygroup", "redirectiontarget"}
_EXPOSED = (
    "X-Nuage-Organization, X-Nuage-ProxyUser, X-Nuage-OrderBy, X-Nuage-FilterType, X-Nuage-Filter, X-Nuage-Page, "
    "X-Nuage-PageSize, X-Nuage-Count, X-Nuage-Custom, X-Nuage-ClientType"
)
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
class _Query:
    conditions: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    selective: bool = False
    source: str = "objects"

    def add(self, condition: str, *parameters: Any) -> None:  # noqa: ANN401 - SQL parameters
        self.conditions.append(f"({condition})")
        self.parameters += parameters

    @property
    def where(self) -> str:
        return " AND ".join(self.conditions)


@dataclass(frozen=True)
class Page:
    """The objects of one page (or the groups asked for) and the headers that say what they are a part of."""

    entities: list[Entity]
    headers: Mapping[str, str]
    groups: list[dict[str, Any]] = field(default_factory=list)


def list_page(
    entities: Entities,
    resource: Resource,
    parent: Entity | None,
    caller: Caller,
    headers: Mapping[str, str],
    behaviour: Behaviour,
) -> Page:
    """One page of a collection under a parent (None: the root).

    headers: the request's, names in lower case. A page beyond the end is empty and counts 0.
    Raises Refusal (400) for headers that make no sense.
    """
    query = _Query()
    # What is under an object of the tenant's own is its own.
    if not caller.is_csp and (parent is None or parent.enterprise_id != caller.enterprise.id):
        query.add("enterprise_id IS NULL OR enterprise_id = ?", caller.enterprise.id)
    echoed = _filtered(query, resource, headers, behaviour)
    _of_parent(entities, query, resource, parent, behaviour)
    if query.source == "objects":
        # The plus keeps SQLite from walking all of a kind instead of what is under the parent.
        query.add(f"{'' if parent is None or query.selective else '+'}objects.kind = ?", resource.name)
    order = headers.get("x-nuage-orderby", "name ASC" if resource.type_of("name") else "ID ASC")
    # The plus keeps SQLite from walking the index of the order instead of finding by that of the filter.
    plus = "+" if query.selective else ""
    by = ", ".join(f"{plus}{expression} {'DESC' if down else 'ASC'}" for expression, down in order_by(order, resource))
    if query.source == _IN_SCOPE:
        by = by.replace(column(resource, "name"), "scope.name") if resource.type_of("name") else by
    number, size = _whole(headers, "X-Nuage-Page", 0, 0), _whole(headers, "X-Nuage-PageSize", behaviour.page_size, 1)
    size = min(size, behaviour.largest_page or size)
    if headers.get("x-nuage-groupby", "").lower() == "true":
        return _grouped(entities, resource, query, headers, (number, size), echoed)
    found = entities.select(
        query.where, [*query.parameters, size, number * size], f"ORDER BY {by}, seq LIMIT ? OFFSET ?", query.source
    )
    return Page(
        found,
        {
            "X-Nuage-Count": str(_count(entities, query, number * size, size, len(found))),
            "X-Nuage-Page": str(number),
            "X-Nuage-PageSize": str(size),
            "X-Nuage-OrderBy": order,
            "Access-Control-Expose-Headers": _EXPOSED,
            **echoed,
        },
    )


def _count(entities: Entities, query: _Query, before: int, size: int, found: int) -> int:
    """How many there are in all; 0 on a page beyond the end. The last page needs no counting."""
    if found < size:
        return before + found if found else 0
    source = "scope" if query.source == _IN_SCOPE and len(query.conditions) == 1 else query.source
    row = entities.store.row(f"SELECT count(*) FROM {source} WHERE {query.where}", query.parameters)  # noqa: S608
    return int(row[0]) if row else 0


def _grouped(
    entities: Entities,
    resource: Resource,
    query: _Query,
    headers: Mapping[str, str],
    page: tuple[int, int],
    echoed: Mapping[str, str],
) -> Page:
    """The distinct values of some attributes (X-Nuage-Attributes) together, instead of the objects."""
    names = [name.strip() for name in headers.get("x-nuage-attributes", "").split(",") if name.strip()]
    if not names:
        raise bad_request("X-Nuage-Attributes", "X-Nuage-GroupBy needs X-Nuage-Attributes, such as `status, name`.")
    for name in names:
        column(resource, name, "X-Nuage-Attributes")
    # With two paths or more json_extract gives a JSON array, in which booleans and lists are what they were.
    values = f"json_extract(body, {', '.join(repr(f'$.{name}') for name in [*names, names[0]])})"
    number, size = page
    rows = entities.store.rows(
        f"SELECT DISTINCT {values} FROM {query.source} WHERE {query.where} ORDER BY 1 LIMIT ? OFFSET ?",  # noqa: S608
        [*query.parameters, size, number * size],
    )
    counting = f"SELECT count(DISTINCT {values}) FROM {query.source} WHERE {query.where}"  # noqa: S608
    total = entities.store.row(counting, query.parameters)
    return Page(
        [],
        {
            "X-Nuage-Count": str(total[0] if total and rows else 0),
            "X-Nuage-Page": str(number),
            "X-Nuage-PageSize": str(size),
            "Access-Control-Expose-Headers": _EXPOSED,
            **echoed,
        },
        [dict(zip(names, json.loads(row[0]), strict=False)) for row in rows],
    )


def _of_parent(
    entities: Entities, query: _Query, resource: Resource, parent: Entity | None, behaviour: Behaviour
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


def _filtered(query: _Query, resource: Resource, headers: Mapping[str, str], behaviour: Behaviour) -> dict[str, str]:
    text = headers.get("x-nuage-filter", "").strip()
    if not text:
        return {}
    declared = headers.get("x-nuage-filtertype", "").lower()
    if declared != "predicate" and not looks_like_predicate(text):
        kind, (condition, parameters) = "plain", plain_text(text)
    else:
        tree = parse(text)
        kind, (condition, parameters) = "predicate", compile_predicate(tree, resource, behaviour)
        query.selective = is_selective(tree)
    query.add(condition, *parameters)
    return {"X-Nuage-Filter": text, "X-Nuage-FilterType": kind}


def _whole(headers: Mapping[str, str], name: str, default: int, low: int) -> int:
    text = headers.get(name.lower())
    if text is None:
        return default
    # The bound keeps page times size within SQLite's integers.
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) >= low):
        raise bad_request(name, f"{name} is {text!r}; it must be a whole number from {low} on.")
    return int(text)
