"""One request's work on the objects: create, update, assign and remove, with the rules of each resource around it.

The rules come in as a table (see rules/): what VSD computes, refuses and cleans up that the model cannot say.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.vsp.vsd import validate
from nuage_chain.vsp.vsd.auth import Caller
from nuage_chain.vsp.vsd.behaviour import DEFAULTS, Behaviour
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import Model, Resource
from nuage_chain.vsp.vsd.permissions import check_place
from nuage_chain.vsp.vsd.predicate_sql import INDEXED
from nuage_chain.vsp.vsd.refusal import Code, Question, conflict, not_found


@dataclass(frozen=True)
class Request:
    """What a rule may look at: the object before the change (None when it is new) and the body as it was sent."""

    before: Entity | None
    body: Mapping[str, Any]


Hook = Callable[["Unit", Entity, Request], None]
Guard = Callable[["Unit", Entity], None]


@dataclass(frozen=True)
class Rules:
    """A resource's own rules.

    prepare: before it is written, may change and refuse; settle: after; guard: before it is deleted on request, may
    refuse; leave: whenever it goes, also with its parent.
    """

    prepare: Hook | None = None
    settle: Hook | None = None
    guard: Guard | None = None
    leave: Guard | None = None


@dataclass
class Unit:
    """What one transaction does, and the changes that `/events` tells of afterwards.

    now: milliseconds since the epoch; privileged: read-only attributes may be written.
    """

    entities: Entities
    model: Model
    rules: Mapping[str, Rules]
    caller: Caller
    now: int
    privileged: bool = False
    behaviour: Behaviour = DEFAULTS
    changes: dict[str, tuple[str, Entity]] = field(default_factory=dict)
    removing: set[str] = field(default_factory=set)

    def create(self, resource: Resource, parent: Entity | None, body: Mapping[str, Any], **given: Any) -> Entity:  # noqa: ANN401
        """Make an object; `given` are attributes that callers may not set themselves.

        Raises Refusal.
        """
        self._known(resource, body)
        check_place(self.entities, self.caller, self.behaviour, resource.name, parent)
        entity = Entity(resource.name, {**validate.for_create(resource, body), **given, **self._stamp(parent)})
        entity.enterprise_id = _enterprise_of(parent)
        self._number(resource, entity)
        request = Request(None, body)
        self._run("prepare", entity, request)
        self._distinct(resource, entity, None)
        self.entities.insert(entity)
        if entity.kind == "enterprise":
            entity.enterprise_id = entity.id
        self.place(entity)
        self.changes[entity.id] = ("CREATE", entity)
        self._run("settle", entity, request)
        return entity

    def update(self, entity: Entity, body: Mapping[str, Any]) -> Entity:
        """Merge the attributes of the body into an object.

        Raises Refusal; 2039 when nothing would change.
        """
        resource = self.model.by_name[entity.kind]
        self._known(resource, body)
        check_place(self.entities, self.caller, self.behaviour, resource.name, entity)
        sent = body if self.behaviour.null_clears else {key: value for key, value in body.items() if value is not None}
        differing = validate.for_update(resource, entity.values, sent, self.privileged)
        if not differing:
            if not self.behaviour.refuse_no_changes:
                return entity
            raise conflict(
                "",
                "No changes to modify the entity",
                "There are no attribute changes to modify the entity.",
                Code.NO_CHANGES,
            )
        new = entity.copy()
        new.values |= differing
        request = Request(entity, body)
        self._run("prepare", new, request)
        self._distinct(resource, new, entity)
        self.save(new)
        if any(new.get(attribute) != entity.get(attribute) for attribute in (*resource.references, "name")):
            self.entities.place(new, self.entities.parents(new.id) - self._above(entity) | self._above(new))
        self._repeat_name(resource, entity, new)
        self._run("settle", new, request)
        return new

    def save(self, entity: Entity) -> None:
        """Write attributes that VSD itself computes."""
        entity.values |= {"lastUpdatedBy": self.caller.user.id, "lastUpdatedDate": self.now}
        self.entities.rewrite(entity)
        kind = self.changes.get(entity.id, ("UPDATE", entity))[0]
        self.changes[entity.id] = (kind, entity)

    def place(self, entity: Entity, *others: str) -> None:
        """List an object under its parent, what it refers to and `others`."""
        self.entities.place(entity, [*others, *self._above(entity)])
        self.entities.rewrite(entity)

    def _above(self, entity: Entity) -> set[str]:
        attributes = ("parentID", *self.model.by_name[entity.kind].references)
        return {entity.values[attribute] for attribute in attributes if entity.get(attribute) is not None}

    def delete(self, entity: Entity, confirmed: bool) -> None:
        """Remove an object on request.

        Raises Refusal; Question when others would go with it and the caller has not confirmed that.
        """
        check_place(self.entities, self.caller, self.behaviour, entity.kind, entity)
        rules = self.rules.get(entity.kind)
        if rules and rules.guard:
            rules.guard(self, entity)
        if self.behaviour.keep_referenced:
            self._keep_held(entity)
        if not confirmed:
            self._ask(entity)
        self.remove(entity)

    def remove(self, entity: Entity) -> None:
        """Remove an object with all that is under it."""
        if entity.id in self.removing:
            return
        self.removing.add(entity.id)
        rules = self.rules.get(entity.kind)
        if rules and rules.leave:
            rules.leave(self, entity)
        for child in self.entities.children(entity.id):
            self.remove(child)
        self.entities.drop(entity.id)
        if self.changes.pop(entity.id, ("", entity))[0] != "CREATE":
            self.changes[entity.id] = ("DELETE", entity)

    def find(self, kind: str, object_id: str) -> Entity:
        """The object of that kind and ID that the caller may touch.

        Raises Refusal (404).
        """
        entity = self.entities.get(object_id, kind)
        if entity is None:
            raise not_found(kind, object_id)
        return self.caller.require(entity)

    def touched(self, entity: Entity) -> None:
        """Tell `/events` that an object changed, whose own attributes did not."""
        self.changes.setdefault(entity.id, ("UPDATE", entity))

    def _known(self, resource: Resource, body: Mapping[str, Any]) -> None:
        if self.behaviour.unknown_attributes == "refuse":
            validate.refuse_unknown(resource, body)

    def _stamp(self, parent: Entity | None) -> dict[str, Any]:
        return {
            "ID": str(uuid.uuid4()),
            "parentID": parent.id if parent else None,
            "parentType": parent.kind if parent else None,
            "owner": self.caller.user.id,
            "lastUpdatedBy": self.caller.user.id,
            "creationDate": self.now,
            "lastUpdatedDate": self.now,
            "entityScope": "ENTERPRISE",
        }

    def _number(self, resource: Resource, entity: Entity) -> None:
        for row in resource.attributes.values():
            if row.auto is not None and entity.get(row.name) is None:
                name = f"{resource.name}.{row.name}"
                entity.values[row.name] = self.entities.store.count_up(name, row.auto)

    def _run(self, when: str, entity: Entity, request: Request) -> None:
        rules = self.rules.get(entity.kind)
        hook: Hook | None = getattr(rules, when) if rules else None
        if hook is not None:
            hook(self, entity, request)

    def _distinct(self, resource: Resource, entity: Entity, before: Entity | None) -> None:
        """Unique among siblings what the model says is, and externalID within its kind."""
        for attribute, code in resource.unique.items():
            # The plus keeps SQLite from walking all siblings where there is a better index.
            siblings = f"{'+' if attribute in INDEXED - {'name'} else ''}parent_id IS ?"
            self._not_twice(resource, entity, before, attribute, code, siblings, [entity.parent_id])
        self._not_twice(resource, entity, before, "externalID", Code.DUPLICATE, "1", [])

    def _not_twice(
        self,
        resource: Resource,
        entity: Entity,
        before: Entity | None,
        attribute: str,
        code: int,
        where: str,
        parameters: list[Any],
    ) -> None:
        value = entity.get(attribute)
        if value is None or (before is not None and before.get(attribute) == value):
            return
        same = f"{where} AND kind = ? AND json_extract(body, '$.{attribute}') = ?"
        if any(other.id != entity.id for other in self.entities.select(same, [*parameters, entity.kind, value])):
            description = f"Another {resource.entity} with the same {attribute} = {value} exists."
            raise conflict(attribute, "Duplicate object", description, code)

    def _repeat_name(self, resource: Resource, before: Entity, after: Entity) -> None:
        name = after.get("name")
        if name != before.get("name"):
            for repeated in resource.repeated:
                self.entities.rename(after.id, repeated, str(name))

    def _keep_held(self, entity: Entity) -> None:
        for holder in self.model.holders(entity.kind):
            for attribute, kinds in holder.holds.items():
                if entity.kind in kinds and self.entities.refers(holder.name, attribute, entity.id):
                    name = entity.get("name") or entity.id
                    description = (
                        f"{entity.kind} {name} cannot be deleted: a {holder.name} names it as its {attribute}."
                    )
                    raise conflict("", f"{entity.kind} in use", description)

    def _ask(self, entity: Entity) -> None:
        template = entity.kind in {"domaintemplate", "l2domaintemplate"}
        if template and self.entities.under(entity.id, entity.kind.removesuffix("template")):
            raise Question(
                f"This {entity.kind} template is in use",
                f"Removing/Changing the {entity.kind} will affect associated instances",
            )
        # A workload's interfaces are part of it.
        if entity.kind not in {"container", "vm"} and self.entities.children(entity.id):
            raise Question(f"This {entity.kind} is not empty", f"Removing the {entity.kind} removes what is under it.")


def _enterprise_of(parent: Entity | None) -> str | None:
    if parent is None:
        return None
    return parent.id if parent.kind == "enterprise" else parent.enterprise_id
