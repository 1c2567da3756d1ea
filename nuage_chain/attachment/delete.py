"""DEL: nothing of the attachment is left in the switch, in VRS's tables, in VSD.

It needs nothing but the container ID and interface name: no network namespace, no prevResult, no cache.
"""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment import identity, settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.vrs import rows
from nuage_chain.vrs.switch import Plugged, Switch
from nuage_chain.vsd import workload


def delete(request: Request, world: World, config_file: Path | None = None) -> None:
    """Detaches the container; a second time, or of something never attached, it finds nothing and succeeds.

    The rows go first and VSD after (shared/contracts/vsd-rest.md 2.4), so a call that VSD fails can be repeated: it
    then finds VSD's objects by their externalID. Raises a NuageChainError.
    """
    found = settings.merge(sources.layers(request, config_file=config_file, strict=False), world.hostname)
    who = identity.of(request, found.owner)
    deadline = world.deadline(found.timeout)
    switch = world.switch(found)
    try:
        plugged = switch.find(who.container_id, who.ifname, deadline)
        last = _unplug(switch, plugged, deadline)
    finally:
        switch.close()
    if found.activation == settings.SPLIT or (plugged and rows.VPORT in plugged.marks):
        _deregister(found, world, who, plugged, last, deadline)


def _unplug(switch: Switch, plugged: Plugged | None, deadline: Deadline) -> bool:
    return switch.unplug(plugged, deadline) if plugged else False


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
