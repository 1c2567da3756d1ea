"""Interfaces of hosts and bridges, which hang on their vPort itself and belong to no workload."""

from __future__ import annotations

from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.permissions import check_place
from nuage_chain.vsp.vsd.refusal import Code, conflict
from nuage_chain.vsp.vsd.rules.interfaces import describe, take_addresses
from nuage_chain.vsp.vsd.rules.networks import check_mac
from nuage_chain.vsp.vsd.rules.vports import attached
from nuage_chain.vsp.vsd.unit import Request, Unit


def plug(unit: Unit, interface: Entity, request: Request) -> None:
    """A vPort of the type HOST or BRIDGE takes one interface; that of a host has addresses."""
    if request.before is not None:
        return
    vport = unit.find("vport", str(interface.parent_id))
    name, wanted = vport.get("name"), interface.kind.removesuffix("interface").upper()
    if vport.get("type") != wanted and unit.behaviour.match_vport_type:
        raise conflict("parentID", "Wrong VPort type", f"VPort {name} is of type {vport.get('type')}, not {wanted}.")
    if attached(unit, vport.id):
        description = f"VPort {name} has an interface already."
        raise conflict("parentID", "Interface exists", description, Code.INTERFACE_EXISTS)
    network = unit.find(str(vport.get("parentType")), str(vport.parent_id))
    check_place(unit.entities, unit.caller, unit.behaviour, interface.kind, network)
    describe(unit, interface, vport, network)
    if wanted == "HOST":
        check_mac(interface.get("MAC"))
        take_addresses(unit, interface, network)


def settle(unit: Unit, interface: Entity, request: Request) -> None:
    """The vPort is in use now."""
    if request.before is None:
        vport = unit.find("vport", str(interface.parent_id))
        vport.values["hasAttachedInterfaces"] = True
        unit.save(vport)
