"""Shared networks, and the floating addresses that domains take from them (contract, section 2.2)."""

from __future__ import annotations

from nuage_chain.vsp.vsd.addressing import claim, network_of, parse_address, pool_of
from nuage_chain.vsp.vsd.entities import Entity
from nuage_chain.vsp.vsd.refusal import conflict
from nuage_chain.vsp.vsd.rules.networks import check_access, set_gateways
from nuage_chain.vsp.vsd.unit import Request, Unit

_LENT = ("address", "netmask", "gateway")


def check_shared(unit: Unit, shared: Entity, request: Request) -> None:
    """A shared network has an address plan that works, and keeps it while someone has an address of it."""
    set_gateways(shared, always=True)
    changed = request.before is not None and any(shared.get(name) != request.before.get(name) for name in _LENT)
    if changed and unit.entities.store.row("SELECT 1 FROM addresses WHERE network_id = ?", (shared.id,)):
        raise conflict("address", "Shared network in use", f"Addresses of {shared.get('name')} are given away.")


def take(unit: Unit, floating: Entity, request: Request) -> None:
    """A floating IP is an address of a shared network of the type FLOATING."""
    if request.before is not None:
        return
    shared = unit.find("sharednetworkresource", floating.values["associatedSharedNetworkResourceID"])
    prop = "associatedSharedNetworkResourceID"
    plan = network_of(shared, 4)
    if shared.get("type") != "FLOATING" or plan is None:
        raise conflict(prop, "Invalid input", f"Shared network {shared.get('name')} is not of the type FLOATING.")
    check_access(unit, shared, floating.enterprise_id)
    _count(unit, floating, 1)
    wanted = floating.get("address")
    address = parse_address("address", wanted, 4) if wanted is not None else None
    floating.values["address"] = str(
        claim(unit.entities, pool_of(unit.entities, plan), "address", floating.id, "", address)
    )
    floating.values["assigned"] = False


def give_back(unit: Unit, floating: Entity) -> None:
    """One address less counts against the enterprise."""
    _count(unit, floating, -1)


def assign(unit: Unit, vport: Entity, request: Request) -> None:
    """A floating IP leads to one vPort of its own domain."""
    before = request.before.get("associatedFloatingIPID") if request.before is not None else None
    after = vport.get("associatedFloatingIPID")
    if before == after:
        return
    if after is not None:
        floating = unit.find("floatingip", after)
        if floating.parent_id != vport.get("domainID"):
            description = f"Floating IP {floating.get('address')} is of another domain than VPort {vport.get('name')}."
            raise conflict("associatedFloatingIPID", "Invalid input", description)
        if floating.get("assigned"):
            description = f"Floating IP {floating.get('address')} is assigned already."
            raise conflict("associatedFloatingIPID", "Floating IP in use", description)
        floating.values |= {"assigned": True, "assignedToObjectType": "vport"}
        unit.save(floating)
    release(unit, before)


def release(unit: Unit, floating_id: str | None) -> None:
    """A floating IP that leads nowhere any more."""
    floating = unit.entities.get(floating_id, "floatingip")
    if floating is not None and floating.id not in unit.removing:
        floating.values |= {"assigned": False, "assignedToObjectType": None}
        unit.save(floating)


def _count(unit: Unit, floating: Entity, step: int) -> None:
    enterprise = unit.entities.get(floating.enterprise_id, "enterprise")
    if enterprise is None or enterprise.id in unit.removing:
        return
    used = int(enterprise.get("floatingIPsUsed") or 0) + step
    quota = enterprise.get("floatingIPsQuota")
    if step > 0 and quota is not None and used > int(quota):
        description = f"Enterprise {enterprise.get('name')} may have {quota} floating IPs, and has them."
        raise conflict("associatedSharedNetworkResourceID", "Quota reached", description)
    enterprise.values["floatingIPsUsed"] = used
    unit.save(enterprise)
