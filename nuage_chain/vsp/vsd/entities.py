"""Objects in the store: read, write, find, and who is whose descendant or member.

`scope` holds, for every object, all that it can be listed under: its parents up to the root and what it refers to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.vsd.model import Repeated
from nuage_chain.vsp.vsd.store import Store


@dataclass
class Entity:
    """One object: `kind` is its resource name, `values` its attributes by JSON name, without those that are null."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    enterprise_id: str | None = None

    @property
    def id(self) -> str:
        """Its ID."""
        return str(self.values["ID"])

    @property
    def parent_id(self) -> str | None:
        """Its parent's ID; None at the root."""
        return self.values.get("parentID")

    def get(self, attribute: str) -> Any:  # noqa: ANN401 - a JSON value
        """An attribute, None where it has none."""
        return self.values.get(attribute)

    def copy(self) -> Entity:
        """The same with values of its own."""
        return Entity(self.kind, dict(self.values), self.enterprise_id)


_COLUMNS = "objects.kind, objects.body, objects.enterprise_id"


class Entities:
    """The objects of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, object_id: str | None, kind: str | None = None) -> Entity | None:
        """The object with that ID, and of that kind if one is given."""
        row = self.store.row(f"SELECT {_COLUMNS} FROM objects WHERE id = ?", (object_id,))  # noqa: S608 - no input
        return _entity(row) if row is not None and kind in {None, row[0]} else None

    def insert(self, entity: Entity) -> None:
        """Write an object that is not there yet."""
        self.store.run(
            "INSERT INTO objects (id, kind, parent_id, enterprise_id, body) VALUES (?, ?, ?, ?, ?)",
            (entity.id, entity.kind, entity.parent_id, entity.enterprise_id, _body(entity)),
        )

    def rewrite(self, entity: Entity) -> None:
        """Write an object again."""
        self.store.run(
            "UPDATE objects SET body = ?, enterprise_id = ? WHERE id = ?",
            (_body(entity), entity.enterprise_id, entity.id),
        )

    def drop(self, object_id: str) -> None:
        """Remove an object and everything that is known about it."""
        for sql in (
            "DELETE FROM objects WHERE id = ?",
            "DELETE FROM scope WHERE object_id = ?",
            "DELETE FROM scope WHERE ancestor_id = ?",
            "DELETE FROM addresses WHERE owner_id = ?",
            "DELETE FROM plans WHERE owner_id = ?",
            "DELETE FROM pending WHERE object_id = ?",
            "DELETE FROM lowest WHERE network_id = ?",
            "DELETE FROM secrets WHERE user_id = ?",
            "DELETE FROM keys WHERE user_id = ?",
        ):
            self.store.run(sql, (object_id,))
        self.store.run(
            "DELETE FROM links WHERE one IN (SELECT other FROM links WHERE one = ?) AND other = ?",
            (object_id, object_id),
        )
        self.store.run("DELETE FROM links WHERE one = ?", (object_id,))

    def select(
        self, where: str, parameters: Sequence[Any], tail: str = "ORDER BY seq", source: str = "objects"
    ) -> list[Entity]:
        """The objects for which an SQL condition (never a caller's text) holds; oldest first unless `tail` says so."""
        sql = f"SELECT {_COLUMNS} FROM {source} WHERE {where} {tail}"  # noqa: S608
        return [_entity(row) for row in self.store.rows(sql, parameters)]

    def children(self, parent_id: str, kind: str | None = None) -> list[Entity]:
        """What was created under an object."""
        if kind is None:
            return self.select("parent_id = ?", (parent_id,))
        return self.select("parent_id = ? AND kind = ?", (parent_id, kind))

    def under(self, ancestor_id: str, kind: str) -> list[Entity]:
        """All descendants of a kind, and what refers to the object."""
        inside = "SELECT object_id FROM scope WHERE ancestor_id = ? AND kind = ?"
        return self.select(f"id IN ({inside})", (ancestor_id, kind))

    def place(self, entity: Entity, direct: Iterable[str | None]) -> None:
        """List an object under those IDs and under everything that they are listed under; again after a new name."""
        self.store.run("DELETE FROM scope WHERE object_id = ?", (entity.id,))
        name = str(entity.get("name") or "")
        for above in filter(None, direct):
            self.store.run("INSERT OR REPLACE INTO scope VALUES (?, ?, ?, ?, 1)", (above, entity.kind, name, entity.id))
            self.store.run(
                "INSERT OR IGNORE INTO scope SELECT ancestor_id, ?, ?, ?, 0 FROM scope WHERE object_id = ?",
                (entity.kind, name, entity.id, above),
            )

    def linked(self, object_id: str, kind: str) -> list[Entity]:
        """The members of a kind: policy groups of a vPort, users of a group, and the reverse."""
        inside = "SELECT other FROM links WHERE one = ? AND other_kind = ?"
        return self.select(f"id IN ({inside})", (object_id, kind))

    def has_links(self, object_id: str, kind: str) -> bool:
        """Whether an object has members of a kind."""
        sql = "SELECT 1 FROM links WHERE one = ? AND other_kind = ? LIMIT 1"
        return self.store.row(sql, (object_id, kind)) is not None

    def link(self, one: Entity, other: Entity) -> None:
        """Make two objects members of each other."""
        self.store.run("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (one.id, other.kind, other.id))
        self.store.run("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (other.id, one.kind, one.id))

    def unlink(self, one: Entity, other: Entity) -> None:
        """Undo `link`."""
        for left, right in ((one, other), (other, one)):
            self.store.run(
                "DELETE FROM links WHERE one = ? AND other_kind = ? AND other = ?", (left.id, right.kind, right.id)
            )

    def parents(self, object_id: str) -> set[str]:
        """What an object was placed under, without what is above that."""
        rows = self.store.rows("SELECT ancestor_id FROM scope WHERE object_id = ? AND direct = 1", (object_id,))
        return {str(row[0]) for row in rows}

    def is_under(self, object_id: str, ancestor_id: str) -> bool:
        """Whether an object is a descendant of another, or refers to it."""
        sql = "SELECT 1 FROM scope WHERE object_id = ? AND ancestor_id = ?"
        return self.store.row(sql, (object_id, ancestor_id)) is not None

    def refers(self, kind: str, attribute: str, object_id: str) -> bool:
        """Whether an object of that kind is listed under another one because of that attribute."""
        inside = "SELECT object_id FROM scope WHERE ancestor_id = ? AND kind = ? AND direct = 1"
        where = f"id IN ({inside}) AND json_extract(body, '$.{attribute}') = ?"
        return bool(self.select(where, (object_id, kind, object_id), "LIMIT 1"))

    def rename(self, ancestor_id: str, repeated: Repeated, name: str) -> None:
        """Carry an object's new name into the descendants that repeat it."""
        by_id = f"json_extract(body, '$.{repeated.id_attribute}') = ?"
        who, wanted = (by_id, ancestor_id) if repeated.id_attribute else ("kind = ?", repeated.kind)
        self.store.run(
            f"UPDATE objects SET body = json_set(body, '$.{repeated.attribute}', ?)"  # noqa: S608 - no input
            f" WHERE id IN (SELECT object_id FROM scope WHERE ancestor_id = ?) AND {who}",
            (name, ancestor_id, wanted),
        )


def _entity(row: Sequence[Any]) -> Entity:
    return Entity(row[0], json.loads(row[1]), row[2])


def _body(entity: Entity) -> str:
    return json.dumps({key: value for key, value in entity.values.items() if value is not None}, separators=(",", ":"))
