"""DEL: nothing of the attachment is left in the switch, in VRS's tables, in VSD.

It needs nothing but the container ID and interface name: no network namespace, no prevResult, no cache.
"""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment import identity, placing, settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import InvalidNetns
from nuage_chain.link import netns
from nuage_chain.vrs import rows
from nuage_chain.vrs.switch import Plugged, Switch
from nuage_chain.vsd import workload


def delete(request: Request, world: World, config_file: Path | None = None) -> None:
    """Detaches the container; a second time, or of something never attached, it finds nothing and succeeds.

    The rows go first and VSD after (shared/contracts/vsd-rest.md 2.4), so a call that VSD fails can be repeated: it
    then finds VSD's objects by their externalID. Raises a NuageChainError.
    """
    found = settings.merge(sources.layers(request, config_file=config_file, strict=False), world.hostname)
    remove(request, found, world, world.deadline(found.timeout))
    _refuse_own_namespace(request)


def remove(request: Request, found: Settings, world: World, deadline: Deadline) -> None:
    """The same for one attachment of several, with settings that are read and a budget that has begun."""
    who = identity.of(request, found.owner)
    switch = world.switch(found)
    try:
        plugged = switch.find(who.container_id, who.ifname, deadline)
        last = _unplug(switch, plugged, who, deadline)
    finally:
        switch.close()
    try:
        if found.activation == settings.SPLIT or (plugged and rows.VPORT in plugged.marks):
            _deregister(found, world, who, plugged, last, deadline)
    finally:
        # After VSD, since nuagekubemon may remove a subnet that is empty; and whatever VSD said: our mark is gone now.
        if plugged and rows.MONITORED in plugged.marks:
            placing.released(plugged.marks[rows.MONITORED], found, world, deadline.extended(placing.RELEASE_SECONDS))


def _unplug(switch: Switch, plugged: Plugged | None, who: identity.Identity, deadline: Deadline) -> bool:
    if plugged:
        return switch.unplug(plugged, deadline)
    switch.forget(who.uuid, deadline)
    return False


def _deregister(
    found: Settings, world: World, who: identity.Identity, plugged: Plugged | None, last: bool, deadline: Deadline
) -> None:
    vsd = world.vsd(found.access())
    try:
        if plugged and rows.VPORT in plugged.marks:
            marks = plugged.marks
            workload.deregister(
                vsd,
                container_id=marks.get(rows.VSD_CONTAINER),
                interface_id=marks.get(rows.VSD_INTERFACE),
                vport_id=marks[rows.VPORT],
                last=last,
                deadline=deadline,
            )
        else:
            workload.deregister_by_external_id(vsd, who.external_id, who.vport_external_id, deadline)
    finally:
        vsd.close()


def _refuse_own_namespace(request: Request) -> None:
    """As libcni's skel: our part is done, but the DEL of a plugin that comes next would delete the host's interface.

    The path may lead there when it was one of /proc and its process ID is somebody else's now (plugins #714).
    """
    path = request.netns
    if path and not request.netns_override and netns.exists(path) and netns.is_own(path):
        raise InvalidNetns(f"CNI_NETNS, {path}, is the network namespace that the plugin itself runs in.")
