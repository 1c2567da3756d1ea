"""Which of VSD's events say something about a port: most are the echo of what the resolver wrote itself."""

from __future__ import annotations

from typing import Any

from nuage_chain.vsp.resolver.binding import Binding
from nuage_chain.vsp.resolver.rows import Demand

NETWORKS = {"enterprise", "domain", "zone", "subnet", "l2domain"}
PLACES = NETWORKS | {"policygroup", "redirectiontarget", "user", "group", "permission"}
"""What an unresolved port in metadata mode may lack."""


def moves_networks(event: dict[str, Any]) -> bool:
    """Whether what is remembered of subnets and domains may be wrong after this event."""
    return event.get("entityType") in NETWORKS and event.get("type") != "CREATE"


def concerned(demand: Demand, binding: Binding | None, event: dict[str, Any]) -> bool:
    """Whether VSD may answer otherwise for this port after the event."""
    kind, change = event.get("entityType"), event.get("type")
    entities = [e for e in event.get("entities") or () if isinstance(e, dict)]
    if binding is None:
        return any(_announces(demand, e) for e in entities) if demand.names is None else kind in PLACES
    if kind in NETWORKS:
        return moves_networks(event)
    if change == "DELETE":
        ours = {binding.vport_id, binding.container_id, binding.interface_id}
        return any(entity.get("ID") in ours for entity in entities)
    return change == "UPDATE" and any(_differs(binding, entity) for entity in entities)


def _announces(demand: Demand, entity: dict[str, Any]) -> bool:
    macs = [entity.get("MAC"), *(i.get("MAC") for i in entity.get("interfaces") or () if isinstance(i, dict))]
    return entity.get("UUID") == demand.vm_uuid or demand.mac in [m.lower() for m in macs if isinstance(m, str)]


def _differs(binding: Binding, entity: dict[str, Any]) -> bool:
    """Whether an updated container interface is not as the binding has it."""
    if entity.get("ID") == binding.interface_id:
        there = (entity.get("IPAddress"), (entity.get("MAC") or "").lower())
        return there != (binding.address, binding.mac) or entity.get("IPv6Address") != binding.address6
    return False
