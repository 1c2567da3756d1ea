"""vPorts: where they are, and what hangs on them."""

from __future__ import annotations

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import Code, conflict
from nuage_chain.vsp.vsd.rules import floating, workloads
from nuage_chain.vsp.vsd.unit import Request, Unit

INTERFACES = ("containerinterface", "vminterface", "hostinterface", "bridgeinterface")


def locate(unit: Unit, vport: Entity, request: Request) -> None:
    """Say which zone and domain a vPort is in; an L2 domain is its own."""
    if request.before is None:
        _say_where(unit, vport)
    floating.assign(unit, vport, request)
    if request.before is not None and vport.get("operationalState") != request.before.get("operationalState"):
        _note_state(unit, vport)


def _note_state(unit: Unit, vport: Entity) -> None:
    for interface in attached(unit, vport.id):
        workload = unit.entities.get(interface.parent_id)
        if workload is not None and workload.get("deleteMode") == "TIMER":
            workloads.await_deletion(unit, workload, gone=vport.get("operationalState") == "DOWN")


def _say_where(unit: Unit, vport: Entity) -> None:
    network = unit.find(str(vport.get("parentType")), str(vport.parent_id))
    domain = network
    if network.kind == "subnet":
        zone = unit.find("zone", str(network.parent_id))
        domain = unit.find("domain", str(zone.parent_id))
        vport.values["zoneID"] = zone.id
    vport.values |= {"domainID": domain.id, "domainName": domain.get("name")}


def attached(unit: Unit, vport_id: str) -> list[Entity]:
    """The interfaces that use a vPort; its container's other ones are listed under it too, and do not count."""
    below = (interface for kind in INTERFACES for interface in unit.entities.under(vport_id, kind))
    return [interface for interface in below if vport_id in (interface.get("VPortID"), interface.parent_id)]


def keep_attached(unit: Unit, vport: Entity) -> None:
    """A vPort that is in use cannot go."""
    interfaces = attached(unit, vport.id)
    if interfaces:
        used_by = interfaces[0].kind.removesuffix("interface")
        description = f"VPort {vport.get('name')} cannot be deleted: a {used_by} interface is attached to it."
        raise conflict("", "VPort in use", description, Code.VPORT_ATTACHED)


def detach(unit: Unit, vport: Entity) -> None:
    """A vPort that goes with its subnet takes its interfaces along, and a workload that has no other."""
    floating.release(unit, vport.get("associatedFloatingIPID"))
    for interface in attached(unit, vport.id):
        unit.remove(interface)
        workload = unit.entities.get(interface.parent_id)
        alone = workload is not None and not unit.entities.children(workload.id, interface.kind)
        if workload is not None and alone and workload.kind in {"container", "vm"}:
            unit.remove(workload)
