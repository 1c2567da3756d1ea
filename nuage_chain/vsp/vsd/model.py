"""The resources as data: model.json says which there are, where they hang and what their attributes may hold.

A relation between a parent and a resource is a set of letters: G listed there, C created there, U assigned there
by a list of IDs (contract vsd-rest.md, section 2.2), A all descendants listed there, not only its own children. The
parent `me` is the root, `*` is any parent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

COMMON: Mapping[str, str] = {
    "ID": "string",
    "parentID": "string",
    "parentType": "string",
    "creationDate": "integer",
    "lastUpdatedDate": "integer",
    "owner": "string",
    "lastUpdatedBy": "string",
    "entityScope": "string",
    "externalID": "string",
    "embeddedMetadata": "list",
}
AUDITED = frozenset(COMMON) - {"externalID"}


@dataclass(frozen=True)
class Attribute:
    """One attribute's row: its type, who may write it, what it may hold; `code` is that of the refusal to change it."""

    name: str
    type: str
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    default: Any = None
    auto: int | None = None
    enum: frozenset[str] | None = None
    minlen: int = 0
    maxlen: int | None = None
    low: float | None = None
    high: float | None = None
    code: int | None = None


@dataclass(frozen=True)
class Repeated:
    """A name that descendants repeat: in `attribute`, by those whose `id_attribute` is the ID, or by all of a kind."""

    attribute: str
    id_attribute: str | None
    kind: str | None


@dataclass(frozen=True)
class Resource:
    """One resource's row.

    unique: attributes that siblings may not share, with the code of the refusal; references: attributes with IDs of
    objects that it is listed under besides its parent; holds: of these, which keep what kinds from being deleted;
    repeated: where else its name stands.
    """

    name: str
    collection: str
    entity: str
    parents: Mapping[str, str]
    attributes: Mapping[str, Attribute]
    unique: Mapping[str, int]
    references: Sequence[str]
    holds: Mapping[str, Sequence[str]]
    repeated: Sequence[Repeated]
    update: bool
    delete: bool

    def relation(self, parent: str) -> str:
        """The letters that hold under a parent of that resource name; empty where it is not a parent."""
        return self.parents.get(parent) or ("" if parent == "me" else self.parents.get("*", ""))

    def type_of(self, attribute: str) -> str | None:
        """The type of an attribute, a common one included; None where there is no such attribute."""
        if attribute in self.attributes:
            return self.attributes[attribute].type
        return COMMON.get(attribute)

    @cached_property
    def blank(self) -> Mapping[str, Any]:
        """Every attribute, null: replies name all of them."""
        return dict.fromkeys([*COMMON, *self.attributes])

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What attributes hold that nobody sent."""
        return {name: row.default for name, row in self.attributes.items() if row.default is not None}


class Model:
    """All resources, by name and by the collection that URLs carry."""

    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self.by_name = {name: _resource(name, row) for name, row in rows.items()}
        self.by_collection = {resource.collection: resource for resource in self.by_name.values()}

    def holders(self, kind: str) -> Sequence[Resource]:
        """The resources that can keep an object of that kind from being deleted."""
        return [row for row in self.by_name.values() if any(kind in kinds for kinds in row.holds.values())]


def read_rows() -> dict[str, Any]:
    """The rows that come with the package, as JSON has them."""
    rows: dict[str, Any] = json.loads(files("nuage_chain.vsp.vsd").joinpath("model.json").read_text(encoding="utf-8"))
    return rows


def load_model() -> Model:
    """The model that comes with the package."""
    return Model(read_rows())


def _resource(name: str, row: Mapping[str, Any]) -> Resource:
    return Resource(
        name=name,
        collection=row["collection"],
        entity=row["entity"],
        parents=row["parents"],
        attributes={key: _attribute(key, value) for key, value in row["attributes"].items()},
        unique=row.get("unique", {}),
        references=row.get("references", ()),
        holds=row.get("holds", {}),
        repeated=[Repeated(each["name"], each.get("id"), each.get("kind")) for each in row.get("repeated", ())],
        update=row.get("update", True),
        delete=row.get("delete", True),
    )


def _attribute(name: str, row: Mapping[str, Any]) -> Attribute:
    return Attribute(
        name=name,
        type=row["type"],
        required=row.get("required", False),
        read_only=row.get("readOnly", False),
        create_only=row.get("createOnly", False),
        default=row.get("default"),
        auto=row.get("auto"),
        enum=frozenset(row["enum"]) if "enum" in row else None,
        minlen=row.get("minlen", 0),
        maxlen=row.get("maxlen"),
        low=row.get("min"),
        high=row.get("max"),
        code=row.get("code"),
    )
