"""Subnets and L2 domains: their addresses, gateways, ranges and reservations."""

from __future__ import annotations

import re

from nuage_chain.vsp.vsd.addressing import Address, Network, holder, ledger_of, network_of, parse_address, search_afresh
from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.permissions import check_instance, check_place
from nuage_chain.vsp.vsd.refusal import Code, Refusal, bad_request, conflict, forbidden, missing
from nuage_chain.vsp.vsd.unit import Request, Unit

_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_FROM_TEMPLATE = ("address", "netmask", "gateway", "DHCPManaged", "IPType", "IPv6Address", "IPv6Gateway")
_SHARED = "associatedSharedNetworkResourceID"
_SHARED_TYPES = ("PUBLIC", "FLOATING")
_BEFORE = "SELECT high, owner_id FROM plans WHERE domain_id = ? AND size = ? AND low <= ? ORDER BY low DESC LIMIT 1"
_PLAN = ("IPType", "address", "netmask", "gateway", "IPv6Address", "IPv6Gateway")


def check_subnet(unit: Unit, subnet: Entity, request: Request) -> None:
    """A subnet has an address plan of its own within its domain, and gateways inside it."""
    _borrow(unit, subnet, request)
    kind = subnet.get("IPType")
    if kind != "IPV6":
        for attribute in ("address", "netmask"):
            if subnet.get(attribute) is None:
                raise missing(attribute)
    if kind != "IPV4" and subnet.get("IPv6Address") is None:
        raise missing("IPv6Address")
    set_gateways(subnet, always=True)
    if request.before is None or any(subnet.get(name) != request.before.get(name) for name in _PLAN):
        _not_overlapping(unit, subnet)
        _not_in_use(unit, subnet)
        search_afresh(unit.entities, subnet.id)


def record_plan(unit: Unit, subnet: Entity, _request: Request) -> None:
    """Note where its addresses begin and end, for those that come later in its domain."""
    unit.entities.store.run("DELETE FROM plans WHERE owner_id = ?", (subnet.id,))
    zone = unit.find("zone", str(subnet.parent_id))
    for plan in filter(None, (network_of(subnet, version) for version in (4, 6))):
        low, high = _bounds(plan)
        row = (zone.parent_id, len(low), low, high, subnet.id)
        unit.entities.store.run("INSERT INTO plans VALUES (?, ?, ?, ?, ?)", row)


def search_again(unit: Unit, part: Entity, _request: Request | None = None) -> None:
    """A range or reservation came, changed or goes."""
    search_afresh(unit.entities, str(part.parent_id))


def _borrow(unit: Unit, subnet: Entity, request: Request) -> None:
    """A subnet of a shared network has the addresses of that."""
    shared_id = subnet.get("associatedSharedNetworkResourceID")
    if shared_id is None or (request.before is not None and request.before.get(_SHARED) == shared_id):
        return
    shared = unit.find("sharednetworkresource", shared_id)
    if shared.get("type") not in _SHARED_TYPES:
        raise conflict(_SHARED, "Invalid input", f"Shared network {shared.get('name')} is not of the type PUBLIC.")
    check_access(unit, shared, subnet.enterprise_id)
    subnet.values |= {name: shared.get(name) for name in ("address", "netmask", "gateway")}
    subnet.values["resourceType"] = shared.get("type")


def check_l2(_unit: Unit, network: Entity, _request: Request) -> None:
    """An L2 domain (or its template) need not have addresses; if it has, they have to make sense."""
    set_gateways(network, always=False)


def instantiate_l2(unit: Unit, domain: Entity, request: Request) -> None:
    """An L2 domain has the addresses of its template."""
    template_id = domain.get("templateID")
    if request.before is None and template_id is None:
        check_place(unit.entities, unit.caller, unit.behaviour, "l2domaintemplate", None)
    if request.before is None and template_id is not None:
        template = unit.find("l2domaintemplate", template_id)
        check_instance(unit.entities, unit.caller, unit.behaviour, template)
        domain.values |= {name: template.get(name) for name in _FROM_TEMPLATE if template.get(name) is not None}
    check_l2(unit, domain, request)


def check_range(unit: Unit, addresses: Entity, _request: Request) -> None:
    """A range lies within its subnet, the right way round."""
    parent = unit.entities.get(addresses.parent_id)
    version = 6 if addresses.get("IPType") == "IPV6" else 4
    network = network_of(parent, version) if parent else None
    low = parse_address("minAddress", addresses.values["minAddress"], version)
    high = parse_address("maxAddress", addresses.values["maxAddress"], version)
    if low.packed > high.packed:
        raise conflict("minAddress", "Invalid range", f"The range {low} - {high} is the wrong way round.")
    for attribute, address in (("minAddress", low), ("maxAddress", high)):
        if network is not None and address not in network.network:
            raise _outside(attribute, address, network)


def check_reservation(unit: Unit, reservation: Entity, request: Request) -> None:
    """A reserved address is a host address of its subnet that nobody else holds."""
    subnet = unit.find("subnet", str(reservation.parent_id))
    network = network_of(subnet, 4)
    address = parse_address("IPAddress", reservation.values["IPAddress"], 4)
    reservation.values["IPAddress"] = str(address)
    reservation.values["MAC"] = check_mac(reservation.values["MAC"]).lower()
    if network is None or address not in network.network:
        raise _outside("IPAddress", address, network)
    if request.before is None:
        network.refuse_special("IPAddress", address)
        _not_held(unit, subnet, reservation)


def check_access(unit: Unit, shared: Entity, enterprise_id: str | None) -> None:
    """Raises Refusal (403) where a shared network is for certain enterprises, and this one is not among them."""
    permitted = unit.entities.children(shared.id, "enterprisepermission")
    if shared.get("accessRestrictionEnabled") and enterprise_id not in {
        row.get("permittedEntityID") for row in permitted
    }:
        raise forbidden(f"Shared network {shared.get('name')} is not for the enterprise {enterprise_id}.")


def check_machine_reservation(unit: Unit, reservation: Entity, request: Request) -> None:
    """Addresses that are given only to who asks for them by name."""
    network = unit.find(str(reservation.get("parentType")), str(reservation.parent_id))
    sides = ((4, "IPV4Address"), (6, "IPV6Address"))
    if all(reservation.get(attribute) is None for _, attribute in sides):
        raise missing("IPV4Address")
    for version, attribute in sides:
        if reservation.get(attribute) is None or request.before is not None:
            continue
        address = parse_address(attribute, reservation.get(attribute), version)
        plan = network_of(network, version)
        if plan is None:
            raise _outside(attribute, address, plan)
        plan.refuse_special(attribute, address)
        reservation.values[attribute] = str(address)
        if holder(unit.entities, plan.ledger, address) is not None:
            reservation.values["state"] = "ASSIGNED"


def mark_reservation(unit: Unit, interface: Entity, state: str) -> None:
    """A reservation says whether an interface has its address."""
    addresses = {interface.get("IPAddress"), interface.get("IPv6Address")} - {None}
    for reservation in unit.entities.children(str(interface.get("attachedNetworkID")), "vmipreservation"):
        if addresses & {reservation.get("IPV4Address"), reservation.get("IPV6Address")}:
            reservation.values["state"] = state
            unit.save(reservation)


def check_mac(mac: object) -> str:
    """The MAC as it was given.

    Raises Refusal.
    """
    if mac is None:
        raise missing("MAC")
    if not isinstance(mac, str) or not _MAC.fullmatch(mac):
        raise bad_request("MAC", f"{mac!r} is not a MAC address; expected six octets such as 7a:42:11:22:33:44.")
    return mac


def set_gateways(entity: Entity, *, always: bool) -> None:
    """Hold the gateways against the networks; where there is none and `always`, take the first host."""
    for version, attribute in ((4, "gateway"), (6, "IPv6Gateway")):
        network = network_of(entity, version)
        if network is None:
            continue
        if network.gateway is None and always:
            entity.values[attribute] = str(network.first_host)
        elif network.gateway is not None and network.gateway not in network.network:
            raise _outside(attribute, network.gateway, network)
        if version == 4:
            entity.values["netmask"] = str(network.network.netmask)


def _not_overlapping(unit: Unit, subnet: Entity) -> None:
    """Those of a domain are disjoint so far, so the last one that begins before our end decides."""
    zone = unit.find("zone", str(subnet.parent_id))
    unit.entities.store.run("DELETE FROM plans WHERE owner_id = ?", (subnet.id,))
    for version, prop in ((4, "address"), (6, "IPv6Address")):
        ours = network_of(subnet, version)
        if ours is None:
            continue
        low, high = _bounds(ours)
        row = unit.entities.store.row(_BEFORE, (zone.parent_id, len(low), high))
        if row is not None and row[0] >= low:
            other = unit.entities.get(row[1])
            theirs = network_of(other, version) if other else None
            description = f"{ours.network} overlaps with the {theirs} of the same domain."
            raise conflict(prop, "Overlapping subnet", description, Code.OVERLAPPING_SUBNET)


def _bounds(plan: Network) -> tuple[bytes, bytes]:
    return plan.network.network_address.packed, plan.network.broadcast_address.packed


def _not_in_use(unit: Unit, subnet: Entity) -> None:
    if unit.entities.store.row("SELECT 1 FROM addresses WHERE network_id = ?", (subnet.id,)):
        raise conflict("address", "Subnet in use", f"Interfaces have addresses of subnet {subnet.get('name')}.")


def _not_held(unit: Unit, subnet: Entity, reservation: Entity) -> None:
    address = parse_address("IPAddress", reservation.values["IPAddress"], 4)
    holding = unit.entities.get(holder(unit.entities, ledger_of(subnet), address))
    if holding is not None and str(holding.get("MAC")).lower() != reservation.values["MAC"]:
        description = f"The address {address} of subnet {subnet.get('name')} is already in use."
        raise conflict("IPAddress", "IP address in use", description, Code.ADDRESS_IN_USE)


def _outside(prop: str, address: Address, network: Network | None) -> Refusal:
    where = f"outside the {network}" if network else "in a subnet without IPv4 addresses"
    return conflict(prop, "Invalid IP address", f"The address {address} is {where}.")
