"""The part of VSC: what VSD has decided for a port, and telling VSD what became of it. Every call blocks."""

from __future__ import annotations

import logging
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdRefused
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted
from nuage_chain.vsp.resolver.binding import Binding
from nuage_chain.vsp.resolver.bottom_up import OWNER, Alive, BottomUp
from nuage_chain.vsp.resolver.life import Life
from nuage_chain.vsp.resolver.networks import Networks, Unresolved, get_one
from nuage_chain.vsp.resolver.rows import Demand
from nuage_chain.vsp.sessions import Sessions

logger = logging.getLogger(__name__)


class EmbeddedVsc:
    """VSC over VSD's REST API. May be used by several threads.

    node: marks what is made in metadata mode as this node's. address: the node's, which VSD is told.
    """

    def __init__(self, sessions: Sessions, networks: Networks, node: str, address: str) -> None:
        self._address = address
        self._sessions = sessions
        self._networks = networks
        self._bottom_up = BottomUp(sessions, networks, f"{OWNER}{node}")

    def activate(self, demand: Demand, deadline: Deadline) -> Binding:
        """What VSD decided for the port; in metadata mode VSD is made to decide now.

        Raises Unresolved when VSD has no place for it, another NuageChainError when VSD cannot be asked.
        """
        session = self._sessions.own()
        try:
            if demand.names is not None:
                self._bottom_up.ensure(demand, demand.names, deadline)
            container = container_of(session, demand.vm_uuid, deadline)
            return self._binding(session, demand, container, deadline)
        except VsdRefused as e:
            raise Unresolved(e.message) from e

    def release(self, demand: Demand, deadline: Deadline) -> None:
        """The rows of a port in metadata mode are gone: delete what was made for it."""
        self._bottom_up.release(demand.vm_uuid, demand.port, deadline)

    def report(self, binding: Binding, life: Life, deadline: Deadline) -> None:
        """How the container lives, where, and whether its vPort is up. Raises NuageChainError when VSD is away.

        Of a port that has stopped here nothing is said when it runs on another node.
        """
        if not life.forwards and self._is_elsewhere(binding, deadline):
            return
        about = {"status": life.status, "reasonType": life.reason, "hypervisorIP": self._address}
        self._write(f"containers/{binding.container_id}", about, deadline)
        state = "UP" if life.forwards else "DOWN"
        self._write(f"vports/{binding.vport_id}", {"operationalState": state}, deadline)

    def report_down(self, binding: Binding, deadline: Deadline) -> None:
        """The rows are gone, the vPort is not: it is down, unless it runs on another node."""
        if not self._is_elsewhere(binding, deadline):
            self._write(f"vports/{binding.vport_id}", {"operationalState": "DOWN"}, deadline)

    def release_orphans(self, alive: Alive, deadline: Deadline) -> None:
        """Delete what metadata mode made on this node for ports that are not alive."""
        self._bottom_up.release_orphans(alive, deadline)

    def _binding(self, session: Session, demand: Demand, container: dict[str, Any], deadline: Deadline) -> Binding:
        interface = _interface_of(session, container, demand.mac, deadline)
        if not (interface.get("IPAddress") or interface.get("IPv6Address")) or not interface.get("VPortID"):
            raise Unresolved(f"VSD has no address for {demand.mac} of container {demand.vm_uuid} yet.")
        network_id = interface["attachedNetworkID"]
        by_kind = {"L2DOMAIN": self._networks.l2domain}.get(interface["attachedNetworkType"], self._networks.subnet)
        return Binding(
            port=demand.port,
            vm_uuid=demand.vm_uuid,
            mac=demand.mac,
            vport_id=interface["VPortID"],
            container_id=container["ID"],
            interface_id=interface["ID"],
            address=interface.get("IPAddress") or None,
            network=by_kind(session, network_id, deadline),
            address6=(interface.get("IPv6Address") or "").partition("/")[0] or None,
        )

    def _is_elsewhere(self, binding: Binding, deadline: Deadline) -> bool:
        try:
            container = get_one(self._sessions.own(), f"containers/{binding.container_id}", deadline)
        except Unresolved:
            return False
        return container.get("hypervisorIP") not in (None, self._address)

    def _write(self, path: str, body: dict[str, str], deadline: Deadline) -> None:
        try:
            self._sessions.own().update(path, body, deadline)
        except VsdRefused as e:
            if not e.not_found:
                logger.warning("VSD refuses to take note: %s", e.message)


def container_of(session: Session, vm_uuid: str, deadline: Deadline) -> dict[str, Any]:
    """VSD's container of that UUID. Raises Unresolved."""
    found = session.get("containers", deadline, filter=f"UUID == {quoted(vm_uuid)}")
    for container in found:
        if container.get("UUID") == vm_uuid:
            return container
    raise Unresolved(f"VSD has no container with UUID {vm_uuid}.")


def _interface_of(session: Session, container: dict[str, Any], mac: str, deadline: Deadline) -> dict[str, Any]:
    listed = container.get("interfaces") or session.get(f"containers/{container['ID']}/containerinterfaces", deadline)
    for interface in listed:
        if (interface.get("MAC") or "").lower() == mac:
            return dict(interface)
    raise Unresolved(f"VSD's container {container.get('UUID')} has no interface with MAC {mac}.")
