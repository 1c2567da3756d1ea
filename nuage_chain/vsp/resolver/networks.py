"""Subnets and L2 domains of VSD as the engine needs them, remembered until VSD says that they changed."""

from __future__ import annotations

import ipaddress
import threading
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsd.listed import listed
from nuage_chain.vsd.names import Subnet, find_subnet
from nuage_chain.vsd.session import Session
from nuage_chain.vsp.resolver.binding import Network, service_id


class Unresolved(BadConfig):
    """A port that VSD cannot place as things are; the message says why."""

    hint = "The port is resolved as soon as VSD has what is missing."


class Networks:
    """Look-ups by ID, remembered. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Network] = {}
        self._forgotten = False

    def forget(self) -> None:
        """Ask VSD again from now on."""
        with self._lock:
            self._known.clear()
            self._forgotten = True

    def by_names(
        self, session: Session, enterprise: str, domain: str, zone: str, subnet: str, deadline: Deadline
    ) -> Subnet:
        """The subnet of these four names. Raises BadConfig that says which one VSD does not have."""
        with self._lock:
            if self._forgotten:
                session.known.forget()
            self._forgotten = False
        return find_subnet(session, enterprise, domain, zone, subnet, deadline)

    def subnet(self, session: Session, subnet_id: str, deadline: Deadline) -> Network:
        """The subnet of that ID with its domain. Raises Unresolved, or what the session raises."""
        known = self._known.get(subnet_id)
        if known is not None:
            return known
        subnet = get_one(session, f"subnets/{subnet_id}", deadline)
        zone = get_one(session, f"zones/{subnet['parentID']}", deadline)
        domain = get_one(session, f"domains/{zone['parentID']}", deadline)
        return self._remember(_network(subnet, domain))

    def l2domain(self, session: Session, l2domain_id: str, deadline: Deadline) -> Network:
        """The L2 domain of that ID. Raises Unresolved, or what the session raises."""
        known = self._known.get(l2domain_id)
        if known is not None:
            return known
        return self._remember(_network(get_one(session, f"l2domains/{l2domain_id}", deadline), None))

    def _remember(self, network: Network) -> Network:
        with self._lock:
            self._known[network.subnet_id] = network
        return network


def get_one(session: Session, path: str, deadline: Deadline) -> dict[str, Any]:
    """The one object at `path`. Raises Unresolved when VSD has none."""
    # Without a limit the session would ask for a second page of it.
    found = listed(session, path, deadline, at_most=1)
    if not found:
        raise Unresolved(f"VSD has no {path}.")
    return found[0]


def _network(subnet: dict[str, Any], domain: dict[str, Any] | None) -> Network:
    try:
        plan = f"{subnet['address']}/{subnet['netmask']}" if subnet.get("address") else None
        v4 = ipaddress.IPv4Network(plan, strict=False) if plan else None
        v6 = ipaddress.IPv6Network(subnet["IPv6Address"], strict=False) if subnet.get("IPv6Address") else None
    except (KeyError, ValueError) as e:
        raise Unresolved(f"VSD's subnet {subnet.get('name')!r} has no usable address: {e}.") from e
    if v4 is None and v6 is None:
        raise Unresolved(f"VSD's subnet {subnet.get('name')!r} has no address.")
    return Network(
        subnet_id=subnet["ID"],
        netmask=str(v4.netmask) if v4 else None,
        gateway=str(subnet.get("gateway") or v4[1]) if v4 else None,
        vrf_id=service_id((domain or subnet).get("serviceID"), (domain or subnet)["ID"]),
        evpn_id=service_id(subnet.get("serviceID"), subnet["ID"]),
    )
