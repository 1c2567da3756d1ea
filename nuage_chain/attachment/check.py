"""CHECK: the attachment is still as ADD left it; the first thing that is wrong is named."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment import identity, settings, sources
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Interface, Result
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, CheckFailed
from nuage_chain.link import address, veth
from nuage_chain.link.netns import inside
from nuage_chain.vrs.switch import Switch


def check(request: Request, world: World, config_file: Path | None = None) -> None:
    """Compares prevResult with the kernel and the switch. Raises CheckFailed, or what keeps it from looking."""
    if request.previous is None:
        raise BadConfig("CHECK needs prevResult, which the runtime did not give.")
    found = settings.merge(sources.layers(request, config_file=config_file), world.hostname)
    who = identity.of(request, found.owner)
    deadline = world.deadline(found.timeout)
    switch = world.switch(found)
    try:
        _check_switch(switch, who, deadline)
    finally:
        switch.close()
    _check_container(request, request.previous, deadline)


def _check_switch(switch: Switch, who: identity.Identity, deadline: Deadline) -> None:
    port = switch.find(who.container_id, who.ifname, deadline)
    if port is None:
        raise CheckFailed(f"{who.ifname} of container {who.container_id} has no port in the switch.")
    on_bridge, port_row, vm_row = switch.is_plugged(port, deadline)
    for there, what in (
        (on_bridge, f"The port {port.name} is not on the bridge {switch.bridge}."),
        (port_row, f"The port {port.name} has no row in Nuage_Port_Table."),
        (vm_row, f"The container of port {port.name} has no row in Nuage_VM_Table that names it."),
    ):
        if not there:
            raise CheckFailed(what)
    switch.wait_until_forwarding(port.name, deadline)


def _check_container(request: Request, previous: Result, deadline: Deadline) -> None:
    named = previous.container_interface(request.ifname, request.netns)
    if named is None:
        raise CheckFailed(f"prevResult has no interface {request.ifname} inside a sandbox.")
    index, interface = named
    inside(request.netns, lambda: _check_inside(interface), deadline.left("looking into the container"))
    wanted = {ip.address for ip in previous.ips if ip.interface in (None, index)}
    held = set(inside(request.netns, lambda: address.held(request.ifname), deadline.left("reading addresses")))
    for missing in wanted - held:
        raise CheckFailed(f"{request.ifname} in the container does not have the address {missing}.")


def _check_inside(interface: Interface) -> None:
    link = veth.current(interface.name)
    if link is None:
        raise CheckFailed(f"The container has no interface {interface.name}.")
    if interface.mac and link.mac != interface.mac.lower():
        raise CheckFailed(f"{interface.name} in the container has the MAC {link.mac}, not {interface.mac}.")
    if interface.mtu and link.mtu != interface.mtu:
        raise CheckFailed(f"{interface.name} in the container has the MTU {link.mtu}, not {interface.mtu}.")
