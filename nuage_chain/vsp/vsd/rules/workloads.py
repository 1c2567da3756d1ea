"""Containers and virtual machines: unique by UUID, made with their interfaces, and what they repeat of those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import Code, bad_request, conflict
from nuage_chain.vsp.vsd.unit import Request, Unit


@dataclass(frozen=True)
class Family:
    """A kind of workload, its interfaces, where those repeat its UUID, and the vPorts that fit."""

    workload: str
    interface: str
    uuid_attribute: str
    vport_type: str


CONTAINERS = Family("container", "containerinterface", "containerUUID", "CONTAINER")
MACHINES = Family("vm", "vminterface", "VMUUID", "VM")
FAMILIES = {name: family for family in (CONTAINERS, MACHINES) for name in (family.workload, family.interface)}


def check(unit: Unit, workload: Entity, request: Request) -> None:
    """Whose it is, and that its UUID is nobody else's."""
    uuid = workload.values["UUID"]
    if request.before is None:
        workload.values |= {"userID": unit.caller.user.id, "userName": unit.caller.user.get("userName")}
        _belongs_to(workload, unit.caller.enterprise)
    elif uuid == request.before.get("UUID"):
        return
    same = "kind = ? AND json_extract(body, '$.UUID') = ?"
    if any(other.id != workload.id for other in unit.entities.select(same, (workload.kind, uuid))):
        description = f"A {workload.kind} with the UUID {uuid} exists already."
        raise conflict("UUID", "UUID in use", description, Code.UUID_IN_USE)


def attach_interfaces(unit: Unit, workload: Entity, request: Request) -> None:
    """Make the interfaces that came with it; later, carry a new UUID into them."""
    family = FAMILIES[workload.kind]
    if request.before is None:
        for body in _sent_interfaces(request):
            unit.create(unit.model.by_name[family.interface], workload, body)
        refresh(unit, unit.find(workload.kind, workload.id))
    elif workload.get("UUID") != request.before.get("UUID"):
        for interface in unit.entities.children(workload.id, family.interface):
            interface.values[family.uuid_attribute] = workload.get("UUID")
            unit.save(interface)


def refresh(unit: Unit, workload: Entity) -> None:
    """Say again where a workload is, after its interfaces changed."""
    interfaces = unit.entities.children(workload.id, FAMILIES[workload.kind].interface)
    on_l2 = [interface for interface in interfaces if interface.get("attachedNetworkType") == "L2DOMAIN"]
    routed = [interface for interface in interfaces if interface not in on_l2]
    workload.values |= {
        "domainIDs": _distinct(routed, "domainID"),
        "zoneIDs": _distinct(routed, "zoneID"),
        "subnetIDs": _distinct(routed, "attachedNetworkID"),
        "l2DomainIDs": _distinct(on_l2, "attachedNetworkID"),
    }
    if interfaces:
        enterprise = unit.entities.get(_enterprise_of_vport(unit, interfaces[0]), "enterprise")
        if enterprise is not None:
            _belongs_to(workload, enterprise)
    unit.save(workload)
    unit.place(workload, *_distinct(interfaces, "VPortID"), str(workload.enterprise_id))


def await_deletion(unit: Unit, workload: Entity, *, gone: bool) -> None:
    """A workload with a timer that left its node is deleted in so many seconds, unless it comes back before."""
    store = unit.entities.store
    store.run("DELETE FROM pending WHERE object_id = ?", (workload.id,))
    if gone:
        expiry = unit.now / 1000 + (workload.get("deleteExpiry") or 0)
        store.run("INSERT INTO pending VALUES (?, ?)", (workload.id, expiry))
    if gone or workload.get("status") == "DELETE_PENDING":
        workload.values["status"] = "DELETE_PENDING" if gone else "RUNNING"
        unit.save(workload)


def note_resync(unit: Unit, resync: Entity, request: Request) -> None:
    """The embedded VSP has nothing to catch up with: a resync is over when it begins."""
    if request.before is None:
        times = dict.fromkeys(("lastRequestTimestamp", "lastTimeResyncInitiated"), unit.now)
        resync.values |= {**times, "status": "SUCCESS"}


def _belongs_to(workload: Entity, enterprise: Entity) -> None:
    workload.enterprise_id = enterprise.id
    workload.values |= {"enterpriseID": enterprise.id, "enterpriseName": enterprise.get("name")}


def _enterprise_of_vport(unit: Unit, interface: Entity) -> str | None:
    vport = unit.entities.get(interface.get("VPortID"))
    return vport.enterprise_id if vport else None


def _sent_interfaces(request: Request) -> Sequence[dict[str, Any]]:
    sent = request.body.get("interfaces") or []
    if not isinstance(sent, list) or not all(isinstance(body, dict) for body in sent):
        raise bad_request("interfaces", "interfaces must be a list of objects.")
    return sent


def _distinct(interfaces: Sequence[Entity], attribute: str) -> list[str]:
    return list(dict.fromkeys(str(interface.get(attribute)) for interface in interfaces if interface.get(attribute)))
