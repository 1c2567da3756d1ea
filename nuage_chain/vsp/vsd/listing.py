"""Pages of collections: objects or groups of them, and the headers that say so (contract, sections 1.4 and 1.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.vsd.auth import Caller
from nuage_chain.vsp.vsd.behaviour import Behaviour
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.predicate_sql import column
from nuage_chain.vsp.vsd.query import Query, filter_of, query_of
from nuage_chain.vsp.vsd.refusal import bad_request

_EXPOSED = (
    "X-Nuage-Organization, X-Nuage-ProxyUser, X-Nuage-OrderBy, X-Nuage-FilterType, X-Nuage-Filter, X-Nuage-Page, "
    "X-Nuage-PageSize, X-Nuage-Count, X-Nuage-Custom, X-Nuage-ClientType"
)


@dataclass(frozen=True)
class Page:
    """The objects of one page (or the groups asked for) and the headers that say what they are a part of."""

    entities: list[Entity]
    headers: Mapping[str, str]
    groups: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    """Which page of what size."""

    number: int
    size: int

    @property
    def before(self) -> int:
        return self.number * self.size

    def headers(self, count: int, echoed: Mapping[str, str]) -> dict[str, str]:
        return {
            "X-Nuage-Count": str(count),
            "X-Nuage-Page": str(self.number),
            "X-Nuage-PageSize": str(self.size),
            "Access-Control-Expose-Headers": _EXPOSED,
            **echoed,
        }


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
    wanted = filter_of(resource, headers, behaviour)
    query = query_of(entities, resource, parent, caller, wanted, behaviour)
    size = _whole(headers, "X-Nuage-PageSize", behaviour.page_size, 1)
    part = _Part(_whole(headers, "X-Nuage-Page", 0, 0), min(size, behaviour.largest_page or size))
    if headers.get("x-nuage-groupby", "").lower() == "true":
        return _grouped(entities, query, _grouping(resource, headers), part, wanted.echoed)
    order = headers.get("x-nuage-orderby", "name ASC" if resource.type_of("name") else "ID ASC")
    tail = f"ORDER BY {query.ordered(order, resource)}, seq LIMIT ? OFFSET ?"
    found = entities.select(query.where, [*query.parameters, part.size, part.before], tail, query.source)
    count = _count(entities, query, part, len(found))
    return Page(found, part.headers(count, {"X-Nuage-OrderBy": order, **wanted.echoed}))


def _count(entities: Entities, query: Query, part: _Part, found: int) -> int:
    """How many there are in all; 0 on a page beyond the end. The last page needs no counting."""
    if found < part.size:
        return part.before + found if found else 0
    sql = f"SELECT count(*) FROM {query.counted_in} WHERE {query.where}"  # noqa: S608 - no input
    row = entities.store.row(sql, query.parameters)
    return int(row[0]) if row else 0


def _grouping(resource: Resource, headers: Mapping[str, str]) -> list[str]:
    names = [name.strip() for name in headers.get("x-nuage-attributes", "").split(",") if name.strip()]
    if not names:
        raise bad_request("X-Nuage-Attributes", "X-Nuage-GroupBy needs X-Nuage-Attributes, such as `status, name`.")
    for name in names:
        column(resource, name, "X-Nuage-Attributes")
    return names


def _grouped(entities: Entities, query: Query, names: list[str], part: _Part, echoed: Mapping[str, str]) -> Page:
    """The distinct values of some attributes (of the model) together, instead of the objects."""
    # With two paths or more json_extract gives a JSON array, in which booleans and lists are what they were.
    values = f"json_extract(body, {', '.join(repr(f'$.{name}') for name in [*names, names[0]])})"
    inside = f"FROM {query.source} WHERE {query.where}"
    rows = entities.store.rows(
        f"SELECT DISTINCT {values} {inside} ORDER BY 1 LIMIT ? OFFSET ?",
        [*query.parameters, part.size, part.before],
    )
    total = entities.store.row(f"SELECT count(DISTINCT {values}) {inside}", query.parameters)
    groups = [dict(zip(names, json.loads(row[0]), strict=False)) for row in rows]
    return Page([], part.headers(int(total[0]) if total and rows else 0, echoed), groups)


def _whole(headers: Mapping[str, str], name: str, default: int, low: int) -> int:
    text = headers.get(name.lower())
    if text is None:
        return default
    # The bound keeps page times size within SQLite's integers.
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) >= low):
        raise bad_request(name, f"{name} is {text!r}; it must be a whole number from {low} on.")
    return int(text)
