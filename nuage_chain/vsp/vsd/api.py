"""The REST API: from a call to an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from nuage_chain.vsp.vsd import members
from nuage_chain.vsp.vsd.auth import SYSTEM, Authenticator, Caller
from nuage_chain.vsp.vsd.behaviour import DEFAULTS, Behaviour
from nuage_chain.vsp.vsd.bulk import bulk_create, bulk_delete, bulk_update
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.events import Event, EventLog
from nuage_chain.vsp.vsd.listing import list_page
from nuage_chain.vsp.vsd.messages import Answer, Call, json_answer
from nuage_chain.vsp.vsd.model import Model, Resource
from nuage_chain.vsp.vsd.page import page
from nuage_chain.vsp.vsd.permissions import check_write
from nuage_chain.vsp.vsd.present import present, present_me
from nuage_chain.vsp.vsd.refusal import Refusal, bad_request, forbidden, not_allowed
from nuage_chain.vsp.vsd.routes import Route, route
from nuage_chain.vsp.vsd.unit import Rules, Unit

LOG = logging.getLogger(__name__)
_NO_CONTENT = Answer(204)
_READS = {"GET", "HEAD"}
_GRANTS = {"permission", "enterprisepermission"}
_GRANTED = {"CREATE": "GRANT", "DELETE": "REVOKE"}


@dataclass(frozen=True)
class Api:
    """Everything that an answer depends on.

    clock: seconds since the epoch; poll_time: seconds that /events waits for something to happen.
    """

    entities: Entities
    model: Model
    rules: Mapping[str, Rules]
    authenticator: Authenticator
    events: EventLog
    clock: Callable[[], float]
    poll_time: float
    behaviour: Behaviour = DEFAULTS

    def answer(self, call: Call) -> tuple[Answer, str]:
        """The answer to a call, and who called for the log (`-` where that is unknown)."""
        name = "-"
        if call.path == "/" and call.method in _READS:
            return (page() if call.method == "GET" else Answer(200, headers=page().headers)), name
        try:
            caller = self.authenticator.caller(call.headers, call.certificate)
            name = caller.name()
            self._delete_expired()
            return self._routed(call, caller), name
        except Refusal as refusal:
            return json_answer(refusal.status, refusal.body()), name
        except Exception:
            LOG.exception("%s %s failed", call.method, call.path)
            fault = Refusal(500, "", "Internal error", "This is a fault of the VSD server: see its log.")
            return json_answer(500, fault.body()), name

    def _routed(self, call: Call, caller: Caller) -> Answer:
        way = route(self.model, call.path)
        if way.special == "me":
            return self._me(call, caller)
        if way.special == "events":
            return self._events(call, caller)
        resource = way.children or way.resource
        if resource is None:
            raise not_allowed(call.method, call.path)
        if call.method in _READS:
            return self._read(call, caller, way, resource)
        privileged = call.headers.get("x-nuage-custom", "").lower() == "vsc"
        if privileged and not caller.is_csproot:
            raise forbidden("Only csproot may speak for the VSC.")
        with self._unit(caller, privileged) as unit:
            return self._write(call, unit, way, resource)

    def _me(self, call: Call, caller: Caller) -> Answer:
        if call.method not in _READS:
            raise not_allowed(call.method, call.path)
        key, expiry = self.authenticator.issue_key(caller.user)
        unit = 1000 if self.behaviour.key_expiry_unit == "ms" else 1
        return json_answer(200, [present_me(caller.user, caller.enterprise, caller.role, key, int(expiry * unit))])

    def _events(self, call: Call, caller: Caller) -> Answer:
        if call.method != "GET":
            raise not_allowed(call.method, call.path)
        tenant = None if caller.is_csp else caller.enterprise.id
        cursor = next(iter(call.parameters("uuid")), None)
        events, following = self.events.since(cursor, tenant, self.poll_time)
        return json_answer(200, {"events": [event.body for event in events], "uuid": following})

    def _read(self, call: Call, caller: Caller, way: Route, resource: Resource) -> Answer:
        with self.entities.store.reading():
            parent = self._parent(caller, way)
            if way.object_id is not None and way.children is None:
                return self._one(caller, resource, way.object_id)
            if "G" not in resource.relation(parent.kind if parent else "me"):
                raise not_allowed(call.method, call.path)
            page = list_page(self.entities, resource, parent, caller, call.headers, self.behaviour)
            if call.method == "HEAD":
                return Answer(200, headers=page.headers)
            shown = page.groups or [self._present(entity) for entity in page.entities]
        if shown or self.behaviour.empty_list == "[]":
            return json_answer(200, shown, page.headers)
        return Answer(200, headers=page.headers)

    def _one(self, caller: Caller, resource: Resource, object_id: str) -> Answer:
        entity = self._unit_of(caller).find(resource.name, object_id)
        return json_answer(200, [self._present(entity)])

    def _parent(self, caller: Caller, way: Route) -> Entity | None:
        if way.children is None or way.resource is None or way.object_id is None:
            return None
        return self._unit_of(caller).find(way.resource.name, way.object_id)

    def _unit_of(self, caller: Caller, now: int = 0, privileged: bool = False) -> Unit:
        return Unit(self.entities, self.model, self.rules, caller, now, privileged, self.behaviour)

    def _present(self, entity: Entity) -> dict[str, object]:
        return present(self.entities, self.model, entity)

    def _delete_expired(self) -> None:
        """Workloads whose timer has run out go when the next call comes: nobody sees them afterwards."""
        due = "SELECT object_id FROM pending WHERE expiry <= ?"
        with self.entities.store.reading():
            ids = [row[0] for row in self.entities.store.rows(due, (self.clock(),))]
        if ids:
            with self._unit(SYSTEM) as unit:
                for workload in filter(None, map(self.entities.get, ids)):
                    unit.remove(workload)

    @contextmanager
    def _unit(self, caller: Caller, privileged: bool = False) -> Iterator[Unit]:
        """A transaction, after which `/events` tells what it changed."""
        now = int(self.clock() * 1000)
        unit = self._unit_of(caller, now, privileged)
        with self.entities.store.reading():
            with self.entities.store.transaction():
                yield unit
            # Published under the lock, so that events keep the order of the changes.
            self.events.publish(self._told(unit))

    def _told(self, unit: Unit) -> Iterator[Event]:
        for what, entity in unit.changes.values():
            granted = self.behaviour.grant_events and entity.kind in _GRANTS
            body = {
                "type": _GRANTED.get(what, what) if granted else what,
                "entityType": entity.kind,
                "entities": [self._present(entity)],
                "eventReceivedTime": unit.now,
                "userName": unit.caller.user.get("userName"),
            }
            yield Event(entity.enterprise_id, body)

    def _write(self, call: Call, unit: Unit, way: Route, resource: Resource) -> Answer:
        check_write(unit.caller, resource, call.method, way.object_id)
        on_object = way.object_id is not None and way.children is None
        if call.method == "POST" and not on_object:
            return self._create(call, unit, way, resource)
        if on_object and call.method in {"PUT", "DELETE"}:
            return _change(call, unit, unit.find(resource.name, str(way.object_id)), resource)
        if way.children is not None and call.method in {"PUT", "PATCH"}:
            return _assign(call, unit, way, resource, self._parent(unit.caller, way))
        if way.object_id is None and call.method == "PUT":
            return bulk_update(unit, resource, call.json())
        if way.object_id is None and call.method == "DELETE":
            return bulk_delete(unit, resource, call.parameters("id"), _confirmed(call))
        raise not_allowed(call.method, call.path)

    def _create(self, call: Call, unit: Unit, way: Route, resource: Resource) -> Answer:
        parent = self._parent(unit.caller, way)
        if "C" not in resource.relation(parent.kind if parent else "me"):
            raise not_allowed(call.method, call.path)
        if resource.name == "user" and parent is None:
            parent = unit.caller.enterprise
        if isinstance(body := call.json(), list):
            return bulk_create(unit, resource, parent, body)
        created = unit.create(resource, parent, call.object())
        return json_answer(201, [self._present(unit.find(resource.name, created.id))])


def _change(call: Call, unit: Unit, entity: Entity, resource: Resource) -> Answer:
    if not (resource.update if call.method == "PUT" else resource.delete):
        raise not_allowed(call.method, call.path)
    if call.method == "PUT":
        unit.update(entity, call.object())
    elif _choice(call) == "0":
        return Answer(unit.behaviour.declined)
    else:
        unit.delete(entity, _confirmed(call))
    return _NO_CONTENT


def _assign(call: Call, unit: Unit, way: Route, resource: Resource, parent: Entity | None) -> Answer:
    if parent is None or "U" not in resource.relation(parent.kind):
        raise not_allowed(call.method, way.path)
    if call.method == "PUT":
        members.replace(unit, parent, resource, call.json())
    else:
        members.patch(unit, parent, resource, call.json(), call.headers.get("x-nuage-patchtype", "add").lower())
    return _NO_CONTENT


def _choice(call: Call) -> str | None:
    return next(iter(call.parameters("responseChoice")), None)


def _confirmed(call: Call) -> bool:
    choice = _choice(call)
    if choice not in {None, "0", "1"}:
        raise bad_request("responseChoice", f"responseChoice is {choice!r}; the choices are 1 and 0.")
    return choice == "1"
