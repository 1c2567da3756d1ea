"""Metadata mode (vsd-rest.md 2.5): the names in the rows become a vPort and a container in VSD, and go with the rows.

What is made carries an externalID that names the port and this node, so that it is found again after a restart and
nobody else's is ever touched.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, VsdRefused
from nuage_chain.vsd.names import Subnet, find_policy_groups, find_redirection_targets
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted
from nuage_chain.vsd.workload import InterfaceSpec, Workload, deregister_by_external_id, register
from nuage_chain.vsp.resolver.networks import Networks, Unresolved
from nuage_chain.vsp.resolver.rows import Demand, Names
from nuage_chain.vsp.sessions import Sessions

NAME_TAKEN = 2510
ORPHAN_SECONDS = 1.0

OWNER = "vrs-"
"""How the mark of every node begins."""

Alive = Callable[[], AbstractSet[tuple[str, str]]]
"""The ports (VM UUID, port name) that this node has now; a port is in it before anything is made for it."""


class BottomUp:
    """Makes and deletes the objects of metadata mode. May be used by several threads.

    owner: this node's mark, the end of every externalID.
    """

    def __init__(self, sessions: Sessions, networks: Networks, owner: str) -> None:
        self._sessions = sessions
        self._networks = networks
        self._owner = owner
        # Two ports of one container make it, or delete it, one after the other.
        self._locks = [threading.Lock() for _ in range(16)]

    def ensure(self, demand: Demand, names: Names, deadline: Deadline) -> None:
        """Make the vPort and the container's interface unless they are there. Raises Unresolved, VsdRefused."""
        with self._lock(demand.vm_uuid):
            if self._is_there(demand, deadline):
                return
            try:
                self._make(demand, names, deadline)
            except BadConfig as e:
                raise Unresolved(e.message) from e

    def release(self, vm_uuid: str, port: str, deadline: Deadline) -> None:
        """Delete what was made for the port; a container that has other ports stays."""
        with self._lock(vm_uuid):
            self._release(vm_uuid, port, deadline)

    def release_orphans(self, alive: Alive, deadline: Deadline) -> None:
        """Delete what this node made for ports that are not alive when it is their turn.

        VSD is being listed for as long as that takes, and ports come meanwhile.
        """
        session = self._sessions.own()
        for container in self._marked(session, "containers", deadline):
            self._release_dead(session, container, alive, deadline)
        for domain in session.get("domains", deadline):
            for vport in self._marked(session, f"domains/{domain['ID']}/vports", deadline):
                vm_uuid, _, port = vport["externalID"].removesuffix(f"@{self._owner}").partition("/")
                with self._lock(vm_uuid):
                    if (vm_uuid, port) not in alive():
                        # One that another node has taken over is attached there; look-ups wait for the lock.
                        session.delete(f"vports/{vport['ID']}", Deadline(deadline.left("an orphan", ORPHAN_SECONDS)))

    def _release_dead(self, session: Session, container: dict[str, Any], alive: Alive, deadline: Deadline) -> None:
        """Delete the ports of a container that are not alive, and one without any."""
        vm_uuid = container["externalID"].removesuffix(f"@{self._owner}")
        with self._lock(vm_uuid):
            ports = self._marked(session, f"containers/{container['ID']}/containerinterfaces", deadline)
            for port in {self._port_name(entry, vm_uuid) for entry in ports}:
                if (vm_uuid, port) not in alive():
                    self._release(vm_uuid, port, deadline)
            if not ports and all(uuid != vm_uuid for uuid, _ in alive()):
                session.delete(f"containers/{container['ID']}", deadline)

    def _release(self, vm_uuid: str, port: str, deadline: Deadline) -> None:
        deregister_by_external_id(
            self._sessions.own(), self._of_container(vm_uuid), self._of_port(vm_uuid, port), deadline
        )

    def _make(self, demand: Demand, names: Names, deadline: Deadline) -> None:
        own = self._sessions.own()
        subnet = self._networks.by_names(own, names.enterprise, names.domain, names.zone, names.network, deadline)
        spec = InterfaceSpec(
            name=demand.port,
            mac=demand.mac,
            external_id=self._of_port(demand.vm_uuid, demand.port),
            address=names.static_ip or None,
            policy_group_ids=find_policy_groups(own, subnet.domain_id, names.policy_groups, deadline),
            redirection_target_ids=find_redirection_targets(own, subnet.domain_id, names.redirection_targets, deadline),
        )
        workload = Workload(demand.vm_uuid, demand.vm_name or demand.vm_uuid, self._of_container(demand.vm_uuid))
        session = self._sessions.behalf_of(names.user, names.enterprise)
        try:
            register(session, subnet, workload, spec, deadline)
        except VsdRefused as e:
            if e.internal_code != NAME_TAKEN:
                raise
            # left by a resolver that was killed between the vPort and the container
            self._clear(own, subnet, workload, spec, deadline)
            register(session, subnet, workload, spec, deadline)

    def _clear(
        self, session: Session, subnet: Subnet, workload: Workload, spec: InterfaceSpec, deadline: Deadline
    ) -> None:
        deregister_by_external_id(session, workload.external_id, spec.external_id, deadline, parent=subnet.path)

    def _is_there(self, demand: Demand, deadline: Deadline) -> bool:
        """Whether VSD has the port; what another node's VRS made of it becomes this node's, as the port has moved."""
        session = self._sessions.own()
        for container in session.get("containers", deadline, filter=f"UUID == {quoted(demand.vm_uuid)}"):
            if not _is_vrss(container, demand.vm_uuid):
                continue
            for entry in session.get(f"containers/{container['ID']}/containerinterfaces", deadline):
                if (entry.get("MAC") or "").lower() == demand.mac:
                    self._adopt(session, container, entry, demand, deadline)
                    return True
        return False

    def _adopt(
        self, session: Session, container: dict[str, Any], entry: dict[str, Any], demand: Demand, deadline: Deadline
    ) -> None:
        of_port = self._of_port(demand.vm_uuid, demand.port)
        marks = (
            (f"vports/{entry['VPortID']}", of_port),
            (f"containerinterfaces/{entry['ID']}", of_port),
            (f"containers/{container['ID']}", self._of_container(demand.vm_uuid)),
        )
        if (entry.get("externalID"), container.get("externalID")) == (marks[1][1], marks[2][1]):
            return
        for path, mark in marks:
            session.update(path, {"externalID": mark}, deadline)

    def _marked(self, session: Session, path: str, deadline: Deadline) -> list[dict[str, Any]]:
        mark = f"@{self._owner}"
        found = session.get(path, deadline, filter=f"externalID ENDSWITH {quoted(mark)}")
        return [entry for entry in found if str(entry.get("externalID") or "").endswith(mark)]

    def _of_container(self, vm_uuid: str) -> str:
        return f"{vm_uuid}@{self._owner}"

    def _of_port(self, vm_uuid: str, port: str) -> str:
        return f"{vm_uuid}/{port}@{self._owner}"

    def _port_name(self, entry: dict[str, Any], vm_uuid: str) -> str:
        return str(entry["externalID"]).removesuffix(f"@{self._owner}").removeprefix(f"{vm_uuid}/")

    def _lock(self, vm_uuid: str) -> threading.Lock:
        return self._locks[hash(vm_uuid) % len(self._locks)]


def _is_vrss(container: dict[str, Any], vm_uuid: str) -> bool:
    """Whether the VRS of some node made this container in metadata mode."""
    return str(container.get("externalID") or "").startswith(f"{vm_uuid}@{OWNER}")
