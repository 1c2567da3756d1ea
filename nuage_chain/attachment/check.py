"""CHECK: the attachment is still as ADD left it; the first thing that is wrong is named.

Everything is looked at once and nothing is waited for: ADD has waited, and what is wrong now is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import IP, Result, Route
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, CheckFailed, HostVethNotFound, NotForwarding
from nuage_chain.link import address, inet, offload, veth
from nuage_chain.link.netns import inside
from nuage_chain.vrs import rows, sight
from nuage_chain.vrs.switch import Plugged
from nuage_chain.vsd import registered

_RESTART = "Start Open vSwitch; the container need not be recreated."


@dataclass(frozen=True)
class Inside:
    """What the container's namespace has of the interface."""

    addresses: list[inet.Address]
    routes: list[address.Route]
    offload: bool


def check(request: Request, world: World, config_file: Path | None = None) -> None:
    """Compares prevResult with kernel, switch, VRS's rows and, in `split`, VSD.

    Raises CheckFailed, or what keeps it from looking.
    """
    previous = request.previous
    if previous is None:
        raise BadConfig("CHECK needs prevResult, which the runtime did not give.")
    found = settings.merge(sources.layers(request, config_file=config_file), world.hostname)
    deadline = world.deadline(found.timeout)
    _check_journal(request, found, world)
    ips = _check_result(request, previous)
    pair, within = _container(request, deadline)
    _check_ends(previous, request, pair)
    _check_addresses(request.ifname, ips, previous.routes, within)
    port, datapath = _check_switch(request, found, world, pair, deadline)
    if datapath == "netdev" and within.offload:
        raise CheckFailed(
            f"{request.ifname} in the container has TX checksum offload on, with which the userspace datapath of the"
            " bridge passes no TCP."
        )
    if rows.VPORT in port.marks:
        _check_vsd(found, world, port, pair.container.mac, ips, deadline)


def _check_journal(request: Request, found: Settings, world: World) -> None:
    left = world.journal(found).read(request.container_id, request.ifname)
    if left is not None:
        raise CheckFailed(
            f"{request.ifname} of container {request.container_id} was left half-way by a call of {left.verb}"
            f"{f' ({left.problem})' if left.problem else ' that is under way or was killed'}."
        )


def _check_result(request: Request, previous: Result) -> list[IP]:
    """prevResult's addresses of the interface."""
    named = previous.container_interface(request.ifname, request.netns)
    if named is None:
        raise CheckFailed(f"prevResult has no interface {request.ifname} inside a sandbox.")
    return [ip for ip in previous.ips if ip.interface in (None, named[0])]


def _container(request: Request, deadline: Deadline) -> tuple[veth.Pair, Inside]:
    ifname = request.ifname
    try:
        pair = veth.find(request.netns, ifname, deadline.left("finding the veth pair"))
        within = inside(request.netns, lambda: _look_inside(ifname), deadline.left("looking into the container"))
    except HostVethNotFound as e:
        raise CheckFailed(e.message) from e
    return pair, within


def _look_inside(ifname: str) -> Inside:
    return Inside(address.held(ifname), address.routes(ifname), offload.tx_checksum(ifname))


def _check_ends(previous: Result, request: Request, pair: veth.Pair) -> None:
    if pair.host.master:
        raise CheckFailed(
            f"{pair.host.name} is in a Linux bridge or bond (link {pair.host.master}) besides the switch, which gets"
            " nothing from it then."
        )
    named = previous.container_interface(request.ifname, request.netns)
    outside = [i for i in previous.interfaces if i.name == pair.host.name and not i.sandbox]
    where = f"{request.ifname} in the container"
    for what, end, said in (
        (where, pair.container, named[1] if named else None),
        (f"The host end {pair.host.name}", pair.host, outside[0] if outside else None),
    ):
        if not end.up:
            raise CheckFailed(f"{what} is down.")
        if said is not None and said.mtu and end.mtu != said.mtu:
            raise CheckFailed(f"{what} has the MTU {end.mtu}, not {said.mtu}.")
    if named and named[1].mac and pair.container.mac != named[1].mac.lower():
        raise CheckFailed(f"{where} has the MAC {pair.container.mac}, not {named[1].mac.lower()}.")


def _check_addresses(ifname: str, ips: list[IP], routes: list[Route], within: Inside) -> None:
    for ip in ips:
        if ip.address not in within.addresses:
            raise CheckFailed(f"{ifname} in the container does not have the address {ip.address}.")
    for route in routes:
        if not any(_is(there, route) for there in within.routes):
            via = f" via {route.gateway}" if route.gateway else ""
            raise CheckFailed(f"The container has no route to {route.dst}{via}.")


def _is(there: address.Route, wanted: Route) -> bool:
    """A route by another interface is another attachment's, which has it first; its gateway is not ours to judge."""
    same_way = wanted.gateway in (None, there.gateway) or not there.ours
    return there.dst == wanted.dst and same_way


def _check_switch(
    request: Request, found: Settings, world: World, pair: veth.Pair, deadline: Deadline
) -> tuple[Plugged, str | None]:
    switch = world.switch(found)
    try:
        port = switch.find(request.container_id, request.ifname, deadline)
        if port is None:
            raise CheckFailed(f"{request.ifname} of container {request.container_id} has no port in the switch.")
        seen = switch.look(port, deadline)
        for wrong in (_of_port(port, seen, pair, switch.bridge), _of_rows(port, seen, pair.container.mac)):
            if wrong:
                raise CheckFailed(wrong)
        if not switch.runs(deadline):
            raise NotForwarding("Open vSwitch (ovs-vswitchd) does not run: nothing is forwarded.", hint=_RESTART)
        return port, seen.datapath
    finally:
        switch.close()


def _of_port(port: Plugged, seen: sight.Sight, pair: veth.Pair, bridge: str) -> str:
    if port.name != pair.host.name:
        return (
            f"The port in the switch is {port.name}, but the host end of the container's interface is {pair.host.name}."
        )
    if seen.datapath is None:
        return f"The port {port.name} is not on the bridge {bridge}."
    if seen.ofport is None:
        return f"The port {port.name} does not forward: Open vSwitch has given it no number."
    if seen.ofport < 1:
        return (
            f"The port {port.name} does not forward: Open vSwitch cannot open it ({seen.error or 'no reason given'})."
        )
    return ""


def _of_rows(port: Plugged, seen: sight.Sight, mac: str) -> str:
    row = seen.row
    if row is None:
        return f"The port {port.name} has no row in Nuage_Port_Table."
    if not seen.in_vm_row:
        return f"The container of port {port.name} has no row in Nuage_VM_Table that names it."
    if row.mac != mac:
        return f"VRS knows the port {port.name} with the MAC {row.mac}, but the container's is {mac}."
    if not row.address and not row.evpn_id:
        return f"The port {port.name} does not forward: VRS has not resolved it, or no longer does."
    return ""


def _check_vsd(found: Settings, world: World, port: Plugged, mac: str, ips: list[IP], deadline: Deadline) -> None:
    vsd = world.vsd(found.access())
    try:
        there = registered.look(
            vsd,
            container_id=port.marks.get(rows.VSD_CONTAINER, ""),
            interface_id=port.marks.get(rows.VSD_INTERFACE, ""),
            vport_id=port.marks[rows.VPORT],
            deadline=deadline,
        )
    finally:
        vsd.close()
    wrong = _of_vsd(there, port, mac, {str(ip.address.ip) for ip in ips})
    if wrong:
        raise CheckFailed(wrong)


def _of_vsd(there: registered.Registered, port: Plugged, mac: str, ips: set[str]) -> str:
    if not there.container:
        return f"VSD has no container {port.marks.get(rows.VSD_CONTAINER)} any more."
    if not there.vport:
        return f"VSD has no vPort {port.marks[rows.VPORT]} any more."
    if there.mac is None:
        return (
            f"VSD's container {port.marks.get(rows.VSD_CONTAINER)} has no interface on vPort {port.marks[rows.VPORT]}."
        )
    if there.mac != mac:
        return f"VSD knows the interface with the MAC {there.mac}, but the container's is {mac}."
    strange = ips - there.addresses
    if strange:
        has = ", ".join(sorted(there.addresses)) or "none"
        return f"The container has the address {', '.join(sorted(strange))}, but VSD says {has}."
    return ""
