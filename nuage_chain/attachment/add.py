"""ADD: the container's interface becomes a port of the overlay, or nothing has changed."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment import addressing, identity, settings, sources
from nuage_chain.attachment.plan import carry_out
from nuage_chain.attachment.state import Attaching, World
from nuage_chain.attachment.steps import plan
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Interface, Result
from nuage_chain.errors import BadConfig, HostVethNotFound, InvalidNetns
from nuage_chain.link import netns, veth


def add(request: Request, world: World, config_file: Path | None = None) -> Result:
    """Attaches the container and returns the result for the next plugin or the runtime.

    Raises a NuageChainError, after everything that was changed has been put back.
    """
    found = settings.merge(sources.layers(request, config_file=config_file), world.hostname)
    result, index, interface = _previous(request)
    place = found.placement()
    if not request.netns_override and netns.is_own(request.netns):
        raise InvalidNetns(f"CNI_NETNS, {request.netns}, is the network namespace that the plugin itself runs in.")
    access = found.access() if found.activation == settings.SPLIT else None
    switch, vsd = world.switch(found), world.vsd(access) if access else None
    at = Attaching(
        request=request,
        settings=found,
        placement=place,
        identity=identity.of(request, found.owner),
        switch=switch,
        vsd=vsd,
        deadline=world.deadline(found.timeout),
        result=result,
        interface=interface,
        interface_index=index,
    )
    try:
        addressing.wanted(at)
        carry_out(plan(found), at)
        return _finished(at)
    finally:
        switch.close()
        if vsd is not None:
            vsd.close()


def _previous(request: Request) -> tuple[Result, int, Interface]:
    """prevResult, and the container's interface in it."""
    if request.previous is None:
        raise BadConfig(
            "There is no prevResult: nuage-chain cannot be the first plugin of a list.",
            hint="Put bridge or ptp before it; conflists/ has ready lists.",
        )
    named = request.previous.container_interface(request.ifname, request.netns)
    if named is None:
        raise HostVethNotFound(f"prevResult has no interface {request.ifname} inside a sandbox.")
    return request.previous, *named


def _finished(at: Attaching) -> Result:
    """prevResult with both ends as they are after the move: the host end's MAC may have changed (plugins #809)."""
    host = veth.current(at.found.host.name)
    mtu = at.settings.values.get("mtu")
    for interface in at.result.interfaces:
        if host is not None and interface.name == host.name and not interface.sandbox:
            interface.mac, interface.mtu = host.mac, host.mtu
    at.interface.mac = at.found.container.mac
    at.interface.mtu = mtu or at.found.container.mtu
    addressing.add_to_result(at)
    return at.result
