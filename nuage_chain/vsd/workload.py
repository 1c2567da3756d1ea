"""The objects of one attachment in VSD: a vPort, its groups and targets, and the container's interface on it.

This is split activation with an explicit vPort, variant B of vsd-rest.md 2.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError, VsdRefused, VsdReplyLost
from nuage_chain.vsd.listed import listed
from nuage_chain.vsd.made import Made
from nuage_chain.vsd.names import Subnet
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted

CLEANING_SECONDS = 5.0
EXISTS_CODES = (2510, 2748)


@dataclass(frozen=True)
class Workload:
    """The container. uuid: 64 hex digits, as in VRS's row; external_id: `<container ID>@<owner>`."""

    uuid: str
    name: str
    external_id: str


@dataclass(frozen=True)
class InterfaceSpec:
    """One interface of it.

    name: the vPort's; mac: of the container's side; external_id: `<container ID>/<ifname>@<owner>`.
    address, address6: asked for; VSD decides where None. spoofing: ENABLED, DISABLED or INHERITED.
    """

    name: str
    mac: str
    external_id: str
    address: str | None = None
    address6: str | None = None
    policy_group_ids: Sequence[str] = ()
    redirection_target_ids: Sequence[str] = ()
    spoofing: str = "INHERITED"
    description: str = ""


@dataclass(frozen=True)
class Registration:
    """What VSD made and decided.

    address, netmask, gateway: dotted quads; address6 without its prefix, which is prefix6; None where VSD has none.
    container_created: this interface is the container's first.
    """

    container_id: str
    interface_id: str
    vport_id: str
    address: str | None
    netmask: str | None
    gateway: str | None
    address6: str | None = None
    prefix6: int | None = None
    gateway6: str | None = None
    container_created: bool = True


def register(
    session: Session,
    subnet: Subnet,
    workload: Workload,
    spec: InterfaceSpec,
    deadline: Deadline,
    made: Made | None = None,
) -> Registration:
    """Makes all of it, or nothing: what was made is removed again when a later request fails.

    made: knows afterwards whether that was complete.
    Raises what Session raises; what could not be removed is added to that error's message.
    """
    made = Made(session) if made is None else made
    try:
        vport = made.create(f"{subnet.path}/vports", _vport(spec), deadline)
        vport_id = str(vport["ID"])
        if spec.policy_group_ids:
            session.assign(f"vports/{vport_id}/policygroups", spec.policy_group_ids, deadline)
        if spec.redirection_target_ids:
            session.assign(f"vports/{vport_id}/redirectiontargets", spec.redirection_target_ids, deadline)
        container_id, interface, created = _attach(session, made, workload, _interface(spec, vport_id), deadline)
    except BaseException as error:
        # A signal in the middle has to leave as little behind as an error does.
        for problem in made.remove_all(deadline.extended(CLEANING_SECONDS)):
            if isinstance(error, NuageChainError):
                error.add(problem)
        raise
    return _registration(container_id, interface, vport_id, subnet, created=created)


def deregister(
    session: Session,
    *,
    container_id: str | None,
    vport_id: str | None,
    interface_id: str | None,
    last: bool,
    deadline: Deadline,
) -> None:
    """Removes one attachment, in the order that VSD insists on; what is not there any more is fine.

    last: it is the container's last interface, so the container goes with it.
    """
    if last and container_id:
        session.delete(f"containers/{container_id}", deadline)
    elif interface_id:
        session.delete(f"containerinterfaces/{interface_id}", deadline)
    if vport_id:
        session.delete(f"vports/{vport_id}", deadline)


def is_last(session: Session, container_id: str, interface_id: str, deadline: Deadline) -> bool:
    """Whether the container has no interface besides that one, or is gone."""
    interfaces = listed(session, f"containers/{container_id}/containerinterfaces", deadline)
    return all(one.get("ID") == interface_id for one in interfaces)


@dataclass(frozen=True)
class Found:
    """What VSD has of one attachment. others: how many interfaces the container has besides."""

    container_id: str | None = None
    interface_id: str | None = None
    vport_id: str | None = None
    others: int = 0


def find_by_external_id(
    session: Session,
    container_external_id: str,
    vport_external_id: str,
    deadline: Deadline,
    *,
    parent: str | None = None,
) -> Found:
    """The objects of an attachment whose IDs nobody remembers.

    parent: `subnets/<id>` or `domains/<id>` to search for a vPort that no container is attached to; VSD lists vPorts
    under a parent only, so without it such a vPort is not found.
    """
    container_id, interface_id, vport_id, others = None, None, None, 0
    for container in _with_external_id(session, "containers", container_external_id, deadline):
        container_id = str(container["ID"])
        for interface in session.get(f"containers/{container_id}/containerinterfaces", deadline):
            if _is_on(session, interface, vport_external_id, deadline):
                interface_id, vport_id = str(interface["ID"]), interface.get("VPortID")
            else:
                others += 1
    if vport_id is None and parent is not None:
        vports = _with_external_id(session, f"{parent}/vports", vport_external_id, deadline)
        vport_id = str(vports[0]["ID"]) if vports else None
    return Found(container_id, interface_id, vport_id, others)


def deregister_by_external_id(
    session: Session,
    container_external_id: str,
    vport_external_id: str,
    deadline: Deadline,
    *,
    parent: str | None = None,
) -> None:
    """Removes one attachment whose IDs nobody remembers; a container that has other interfaces stays."""
    found = find_by_external_id(session, container_external_id, vport_external_id, deadline, parent=parent)
    deregister(
        session,
        container_id=found.container_id,
        vport_id=found.vport_id,
        interface_id=found.interface_id,
        last=found.others == 0,
        deadline=deadline,
    )


def _vport(spec: InterfaceSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "type": "CONTAINER",
        "addressSpoofing": spec.spoofing,
        "active": True,
        "externalID": spec.external_id,
        **({"description": spec.description} if spec.description else {}),
    }


def _interface(spec: InterfaceSpec, vport_id: str) -> dict[str, Any]:
    wanted = {"IPAddress": spec.address, "IPv6Address": spec.address6}
    return {
        "name": spec.name,
        "MAC": spec.mac.lower(),
        "VPortID": vport_id,
        "externalID": spec.external_id,
        **{name: value for name, value in wanted.items() if value},
    }


def _attach(
    session: Session, made: Made, workload: Workload, interface: dict[str, Any], deadline: Deadline
) -> tuple[str, dict[str, Any], bool]:
    """The container's ID, the interface as VSD made it, and whether the container was made for it.

    The container is tried to be made first: it exists only where this is its second interface.
    """
    body = {"name": workload.name, "UUID": workload.uuid, "externalID": workload.external_id, "interfaces": [interface]}
    try:
        container = made.create("containers", body, deadline)
    except VsdRefused as refused:
        if refused.internal_code not in EXISTS_CODES:
            raise
        container_id = _existing(session, workload, refused, deadline)
        added = made.create(f"containers/{container_id}/containerinterfaces", interface, deadline)
        return container_id, added, False
    return str(container["ID"]), _its_interface(session, container, interface["VPortID"], deadline), True


def _existing(session: Session, workload: Workload, refused: VsdRefused, deadline: Deadline) -> str:
    for container in session.get("containers", deadline, filter=f"UUID == {quoted(workload.uuid)}"):
        if container.get("UUID") == workload.uuid and container.get("externalID") == workload.external_id:
            return str(container["ID"])
    raise refused


def _its_interface(session: Session, container: dict[str, Any], vport_id: str, deadline: Deadline) -> dict[str, Any]:
    """The interface on the vPort: VSD embeds it in its answer, and lists it otherwise."""
    for interface in container.get("interfaces") or []:
        if interface.get("VPortID") == vport_id and interface.get("ID"):
            return dict(interface)
    for interface in session.get(f"containers/{container['ID']}/containerinterfaces", deadline):
        if interface.get("VPortID") == vport_id:
            return interface
    raise VsdReplyLost(
        f"VSD at {session.access.url} made container {container['ID']} without the interface on vPort {vport_id}."
    )


def _registration(
    container_id: str, interface: dict[str, Any], vport_id: str, subnet: Subnet, *, created: bool
) -> Registration:
    address6, _, prefix = str(interface.get("IPv6Address") or "").partition("/")
    prefix = prefix or (subnet.ipv6_address or "").partition("/")[2]
    return Registration(
        container_id=container_id,
        interface_id=str(interface["ID"]),
        vport_id=vport_id,
        address=interface.get("IPAddress") or None,
        netmask=interface.get("netmask") or subnet.netmask,
        gateway=interface.get("gateway") or subnet.gateway,
        address6=address6 or None,
        prefix6=int(prefix) if address6 and prefix else None,
        gateway6=(interface.get("IPv6Gateway") or subnet.ipv6_gateway) if address6 else None,
        container_created=created,
    )


def _with_external_id(session: Session, path: str, external_id: str, deadline: Deadline) -> list[dict[str, Any]]:
    entries = listed(session, path, deadline, filter=f"externalID == {quoted(external_id)}")
    return [entry for entry in entries if entry.get("externalID") == external_id]


def _is_on(session: Session, interface: dict[str, Any], vport_external_id: str, deadline: Deadline) -> bool:
    if interface.get("externalID") == vport_external_id:
        return True
    if interface.get("externalID") or not interface.get("VPortID"):
        return False
    vports = session.get(f"vports/{interface['VPortID']}", deadline)
    return any(vport.get("externalID") == vport_external_id for vport in vports)
