"""Interfaces of containers and machines: the vPort they plug into (made for them if need be) and their addresses."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from nuage_chain.vsp.vsd.addressing import Network, claim, network_of, parse_address, pool_of
from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.permissions import check_place
from nuage_chain.vsp.vsd.refusal import Code, Refusal, conflict, missing
from nuage_chain.vsp.vsd.rules.networks import check_mac, mark_reservation
from nuage_chain.vsp.vsd.rules.vports import attached
from nuage_chain.vsp.vsd.rules.workloads import FAMILIES, refresh
from nuage_chain.vsp.vsd.unit import Request, Unit

_NETWORKS = ("subnet", "l2domain")


def plug(unit: Unit, interface: Entity, request: Request) -> None:
    """Find or make the vPort, take the addresses, and repeat the names of where that is."""
    if request.before is not None:
        return
    check_mac(interface.get("MAC"))
    if interface.get("parentType") == "vport":
        _move_to_machine(unit, interface)
    workload = unit.find(str(interface.get("parentType")), str(interface.parent_id))
    vport = _vport(unit, interface)
    network = unit.find(str(vport.get("parentType")), str(vport.parent_id))
    check_place(unit.entities, unit.caller, unit.behaviour, interface.kind, network)
    interface.values[FAMILIES[interface.kind].uuid_attribute] = workload.get("UUID")
    describe(unit, interface, vport, network)
    take_addresses(unit, interface, network)


def describe(unit: Unit, interface: Entity, vport: Entity, network: Entity) -> None:
    """Repeat in an interface where its vPort is."""
    interface.enterprise_id = vport.enterprise_id
    interface.values |= {
        "VPortID": vport.id,
        "VPortName": vport.get("name"),
        "attachedNetworkID": network.id,
        "attachedNetworkType": network.kind.upper(),
        "networkName": network.get("name"),
        "domainID": vport.get("domainID"),
        "domainName": vport.get("domainName"),
        "policyDecisionID": str(uuid.uuid4()),
        **_zone(unit, network),
    }
    interface.values.setdefault("name", vport.get("name"))


def settle(unit: Unit, interface: Entity, request: Request) -> None:
    """The vPort is in use now, and the workload is where its interfaces are."""
    if request.before is not None:
        return
    mark_reservation(unit, interface, "ASSIGNED")
    vport = unit.find("vport", interface.values["VPortID"])
    vport.values["hasAttachedInterfaces"] = True
    unit.save(vport)
    refresh(unit, unit.find(str(interface.get("parentType")), str(interface.parent_id)))


def unplug(unit: Unit, interface: Entity) -> None:
    """Give the addresses back, and the vPort too if it was made for this interface."""
    unit.entities.store.run("DELETE FROM addresses WHERE owner_id = ?", (interface.id,))
    mark_reservation(unit, interface, "UNASSIGNED")
    vport = unit.entities.get(interface.get("VPortID"), "vport")
    unit.entities.drop(interface.id)
    if vport is not None and vport.id not in unit.removing:
        vport.values |= {"hasAttachedInterfaces": False, "operationalState": "INIT"}
        unit.save(vport)
        if vport.get("autoCreated") and unit.behaviour.auto_vports_leave:
            unit.remove(vport)
    workload = unit.entities.get(interface.parent_id)
    if workload is not None and workload.kind in FAMILIES and workload.id not in unit.removing:
        refresh(unit, workload)


def _vport(unit: Unit, interface: Entity) -> Entity:
    vport_id, network_id = interface.get("VPortID"), interface.get("attachedNetworkID")
    if vport_id is not None:
        return _explicit(unit, interface, unit.find("vport", vport_id), network_id)
    if network_id is None:
        raise missing("VPortID or attachedNetworkID")
    network = unit.entities.get(network_id)
    if network is None or network.kind not in _NETWORKS:
        description = f"Cannot find a subnet or L2 domain with ID {network_id}"
        raise Refusal(404, "attachedNetworkID", "network not found", description)
    body = {
        "name": f"auto-{interface.id}",
        "type": FAMILIES[interface.kind].vport_type,
        "addressSpoofing": "INHERITED",
    }
    return unit.create(unit.model.by_name["vport"], unit.caller.require(network), body, autoCreated=True)


def _explicit(unit: Unit, interface: Entity, vport: Entity, network_id: str | None) -> Entity:
    name = vport.get("name")
    wanted = FAMILIES[interface.kind].vport_type
    if vport.get("type") != wanted and unit.behaviour.match_vport_type:
        raise conflict("VPortID", "Wrong VPort type", f"VPort {name} is of type {vport.get('type')}, not {wanted}.")
    if network_id not in {None, vport.parent_id} and unit.behaviour.match_network:
        raise conflict("attachedNetworkID", "Wrong network", f"VPort {name} is not in the network {network_id}.")
    if attached(unit, vport.id):
        description = f"VPort {name} has an interface already."
        raise conflict("VPortID", "Interface exists", description, Code.INTERFACE_EXISTS)
    return vport


def _zone(unit: Unit, network: Entity) -> Mapping[str, Any]:
    zone = unit.entities.get(network.parent_id, "zone")
    return {"zoneID": zone.id, "zoneName": zone.get("name")} if zone else {}


def _move_to_machine(unit: Unit, interface: Entity) -> None:
    """An interface that is made under its vPort is the machine's whose UUID it names."""
    uuid = interface.get("VMUUID")
    if uuid is None:
        raise missing("VMUUID")
    vport = unit.find("vport", str(interface.parent_id))
    same = "kind = 'vm' AND json_extract(body, '$.UUID') = ?"
    machines = [vm for vm in unit.entities.select(same, (uuid,)) if unit.caller.may_touch(vm)]
    if not machines:
        raise conflict("VMUUID", "Invalid input", f"There is no virtual machine with the UUID {uuid}.")
    interface.values |= {"VPortID": vport.id, "parentID": machines[0].id, "parentType": "vm"}


def take_addresses(unit: Unit, interface: Entity, network: Entity) -> None:
    """Give an interface the addresses that it asks for or that its network has for it.

    Raises Refusal.
    """
    for version, attribute in ((4, "IPAddress"), (6, "IPv6Address")):
        wanted = interface.values.pop(attribute, None)
        plan = network_of(network, version) if network.kind == "subnet" or network.get("DHCPManaged") else None
        if plan is None and wanted is not None and network.kind == "subnet":
            description = f"The address {wanted} does not fit: subnet {network.get('name')} has no IPv{version}."
            raise conflict(attribute, "Invalid IP address", description)
        if plan is not None and (wanted is not None or _dynamic(network, version)):
            _take(unit, interface, plan, attribute, wanted)
        elif wanted is not None:
            interface.values[attribute] = str(parse_address(attribute, wanted, version))


def _take(unit: Unit, interface: Entity, plan: Network, attribute: str, wanted: object) -> None:
    version = plan.network.version
    address = parse_address(attribute, wanted, version) if wanted is not None else None
    pool = pool_of(unit.entities, plan)
    got = claim(unit.entities, pool, attribute, interface.id, interface.values["MAC"], address)
    interface.values[attribute] = str(got)
    gateway = str(plan.gateway) if plan.gateway else None
    if version == 4:
        interface.values |= {"netmask": str(plan.network.netmask), "gateway": gateway}
    else:
        interface.values["IPv6Gateway"] = gateway


def _dynamic(network: Entity, version: int) -> bool:
    """IPv6 of a dual stack subnet is given away unasked only where the subnet says so."""
    return version == 4 or network.get("IPType") == "IPV6" or network.get("dualStackDynamicIPAllocation") is not False
