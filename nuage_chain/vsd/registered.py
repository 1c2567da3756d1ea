"""What VSD still has of an attachment that was registered (nuage_chain/vsd/workload.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.vsd.listed import listed
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted


@dataclass(frozen=True)
class Registered:
    """What there is. mac (lower case), addresses: of its interface; None and none without one."""

    container: bool
    vport: bool
    mac: str | None
    addresses: frozenset[str]


def look(session: Session, *, container_id: str, interface_id: str, vport_id: str, deadline: Deadline) -> Registered:
    """Looks, and changes nothing. An interface counts when it is the container's and plugged into that vPort."""
    found = _one(session, f"containerinterfaces/{interface_id}", deadline) if interface_id else {}
    ours = found.get("VPortID") == vport_id and found.get("parentID") == container_id
    addresses = (str(found.get(name) or "").partition("/")[0] for name in ("IPAddress", "IPv6Address"))
    return Registered(
        container=bool(_one(session, f"containers/{container_id}", deadline)),
        vport=bool(_one(session, f"vports/{vport_id}", deadline)),
        mac=str(found.get("MAC")).lower() if ours else None,
        addresses=frozenset(filter(None, addresses)) if ours else frozenset(),
    )


def of_node(session: Session, parent: str, description: str, deadline: Deadline) -> list[tuple[str, str, str]]:
    """The vPorts under `parent` with that description: externalID, ID, and their subnet as `subnets/<id>`."""
    vports = session.get(f"{parent}/vports", deadline, filter=f"description == {quoted(description)}")
    return [_told(one) for one in vports if one.get("description") == description]


def containers_of(session: Session, owner: str, deadline: Deadline) -> dict[str, str]:
    """VSD's ID of every container whose externalID is `<container ID>@<owner>`, by that container ID."""
    ending = f"@{owner}"
    containers = session.get("containers", deadline, filter=f"externalID CONTAINS {quoted(ending)}")
    names = ((str(one.get("externalID") or ""), str(one["ID"])) for one in containers)
    return {name.removesuffix(ending): its for name, its in names if name.endswith(ending)}


def vports_of(session: Session, container: str, description: str, deadline: Deadline) -> list[tuple[str, str, str]]:
    """As `of_node`, but those that the interfaces of one container are on. container: its ID in VSD."""
    interfaces = session.get(f"containers/{container}/containerinterfaces", deadline)
    vports = [_one(session, f"vports/{i['VPortID']}", deadline) for i in interfaces if i.get("VPortID")]
    return [_told(one) for one in vports if one.get("description") == description]


def _told(vport: dict[str, Any]) -> tuple[str, str, str]:
    parent = f"{vport.get('parentType', 'subnet')}s/{vport.get('parentID')}"
    return str(vport.get("externalID") or ""), str(vport["ID"]), parent


def _one(session: Session, path: str, deadline: Deadline) -> dict[str, Any]:
    """The object at `path`; empty where VSD has none."""
    # Without a limit the session would ask for a second page of it.
    return next(iter(listed(session, path, deadline, at_most=1)), {})
