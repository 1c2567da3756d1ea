"""Bulk requests: each item on its own, the outcomes together in one 207 (contract vsd-rest.md, section 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.messages import Answer, json_answer
from nuage_chain.vsp.vsd.model import Resource
from nuage_chain.vsp.vsd.present import present
from nuage_chain.vsp.vsd.refusal import Refusal, bad_request
from nuage_chain.vsp.vsd.unit import Unit

Outcome = tuple[int, Any]


def bulk_create(unit: Unit, resource: Resource, parent: Entity | None, bodies: list[Any]) -> Answer:
    """Make an object of each body."""

    def create(body: Any) -> Outcome:  # noqa: ANN401 - a JSON value
        made = unit.create(resource, parent, _object(body))
        return 201, present(unit.entities, unit.model, unit.find(resource.name, made.id))

    return _each(unit, bodies, create)


def bulk_update(unit: Unit, resource: Resource, bodies: object) -> Answer:
    """Update the objects whose IDs the bodies carry."""

    def update(body: Any) -> Outcome:  # noqa: ANN401 - a JSON value
        unit.update(unit.find(resource.name, str(_object(body).get("ID"))), body)
        return 204, None

    if not isinstance(bodies, list):
        raise bad_request("", "The body must be a list of objects with their IDs.")
    return _each(unit, bodies, update)


def bulk_delete(unit: Unit, resource: Resource, ids: list[str], confirmed: bool) -> Answer:
    """Delete the objects with those IDs."""

    def delete(object_id: str) -> Outcome:
        unit.delete(unit.find(resource.name, object_id), confirmed)
        return 204, None

    if not ids:
        raise bad_request("id", "Name the objects to delete: ?id=...&id=...")
    return _each(unit, ids, delete)


def _each(unit: Unit, items: Iterable[Any], work: Callable[[Any], Outcome]) -> Answer:
    outcomes = [_one(unit, item, work) for item in items]
    success = sum(1 for status, _ in outcomes if status < 300)
    return json_answer(
        207,
        {
            "response": [{"status": status, "data": data} for status, data in outcomes],
            "responseMetadata": {
                "total": len(outcomes),
                "success": success,
                "failure": len(outcomes) - success,
            },
        },
    )


def _one(unit: Unit, item: Any, work: Callable[[Any], Outcome]) -> Outcome:  # noqa: ANN401 - a JSON value
    changes, removing = dict(unit.changes), set(unit.removing)
    try:
        with unit.entities.store.transaction():
            return work(item)
    except Refusal as refusal:
        unit.changes, unit.removing = changes, removing
        return refusal.status, refusal.body()


def _object(body: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON value
    if not isinstance(body, dict):
        raise bad_request("", "Each item must be a JSON object.")
    return body
