"""What VSD has of this node: vPorts that say so themselves, wherever a workload has asked for them to be.

Two looks at each VSD: the domains of our networks, and the containers of our owner, since a workload may be in another
domain than its network. Of the latter only those are looked at closer that the switch turns out not to have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nuage_chain.attachment.node import description
from nuage_chain.attachment.settings import SPLIT, Settings
from nuage_chain.attachment.state import World
from nuage_chain.audit.facts import InVsd, Key
from nuage_chain.audit.networks import Networks
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.vsd import names, registered

_VSD, _PLACE = ("vsd.url", "vsd.organization", "vsd.user"), ("enterprise", "domain")


@dataclass(frozen=True)
class Listed:
    """What one VSD lists. vports: of our networks' domains. containers: VSD's IDs by container ID, of our owner.

    network, settings: by which it was asked; the network is empty for the node's own settings.
    """

    network: str
    settings: Settings
    node: str
    vports: Mapping[Key, InVsd]
    containers: Mapping[str, str]


def look(networks: Networks, world: World, deadline: Deadline, problems: list[str]) -> list[Listed]:
    """One for each VSD; what is not answered is told in `problems`."""
    found = []
    for places in _by_vsd(networks):
        name, first = places[0]
        node = description(world.hostname, first.text("stateDir"))
        with _told(problems), contextlib.closing(world.vsd(first.access())) as vsd:
            vports: dict[Key, InVsd] = {}
            for network, place in places if node else ():
                with _told(problems):
                    domain = names.find_domain(vsd, place.text("enterprise"), place.text("domain"), deadline)
                    vports.update(_ours(registered.of_node(vsd, f"domains/{domain}", node, deadline), network))
            containers = registered.containers_of(vsd, first.owner, deadline) if node else {}
            found.append(Listed(name, first, node, vports, containers))
    return found


def complete(
    listed: Iterable[Listed], attached: Container[str], world: World, deadline: Deadline, problems: list[str]
) -> dict[Key, InVsd]:
    """All of this node. attached: container IDs that need no closer look, since the switch has them."""
    found: dict[Key, InVsd] = {}
    for one in listed:
        found.update(one.vports)
        known = {key[0] for key in one.vports}
        lost = [its for name, its in one.containers.items() if name not in attached and name not in known]
        if not lost:
            continue
        with _told(problems), contextlib.closing(world.vsd(one.settings.access())) as vsd:
            for container in lost:
                found.update(_ours(registered.vports_of(vsd, container, one.node, deadline), one.network))
    return found


def _by_vsd(networks: Networks) -> Iterable[Sequence[tuple[str, Settings]]]:
    """The networks that are activated over REST and name a domain, by VSD, who logs in there, and who owns objects."""
    groups: dict[tuple[str, ...], dict[tuple[str, ...], tuple[str, Settings]]] = {}
    for name, network in (*networks.by_name.items(), ("", networks.node)):
        place = tuple(network.text(key) for key in _PLACE)
        if network.activation == SPLIT and network.text("vsd.url") and all(place):
            vsd = (*(network.text(key) for key in _VSD), network.owner)
            groups.setdefault(vsd, {}).setdefault(place, (name, network))
    return [list(places.values()) for places in groups.values()]


@contextlib.contextmanager
def _told(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except NuageChainError as e:
        if e.message not in problems:
            problems.append(e.message)


def _ours(listed: Iterable[tuple[str, str, str]], network: str) -> dict[Key, InVsd]:
    return {
        key: InVsd(external_id=external_id, vport=vport, parent=parent, network=network)
        for external_id, vport, parent in listed
        if (key := _key(external_id)) is not None
    }


def _key(external_id: str) -> Key | None:
    """`<container ID>/<ifname>@<owner>` (attachment/identity.py); neither of the first two can hold a slash or an @."""
    attachment, _, owner = external_id.rpartition("@")
    container_id, slash, ifname = attachment.partition("/")
    return (container_id, ifname) if owner and slash and container_id and ifname else None
