"""GC: delete what is ours on this network and is not among the runtime's valid attachments.

What a call is working on is left to it: an ADD under way may be missing from the list that the runtime made before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from nuage_chain.attachment import identity, settings, sources
from nuage_chain.attachment.delete import remove_locked
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import VALID_ATTACHMENTS, Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError
from nuage_chain.vrs import rows
from nuage_chain.vrs.switch import Switch
from nuage_chain.vsd.access import Access
from nuage_chain.vsd.session import Session

_SHOWN = 5


def gc(request: Request, world: World, config_file: Path | None = None) -> None:
    """Deletes each stale attachment, past errors, and raises them together at the end.

    Without the list of valid attachments nothing is stale: cnitool's `gc` sends none, and it does not mean "all".
    An attachment is ours when its port has our marks, this network's name among them, and is on our bridge.
    """
    raw = request.config.get(VALID_ATTACHMENTS)
    if raw is None:
        return
    valid = _pairs(raw)
    found = settings.merge(sources.layers(request, config_file=config_file), world.hostname)
    deadline = world.deadline(found.timeout)
    shared = _Shared(found, world)
    try:
        ports = shared.switch.all_ours(request.network, deadline)
        here = {(p.marks[rows.CONTAINER], p.marks[rows.IFNAME]) for p in ports}
        here |= {(r.container_id, r.ifname) for r in world.journal(found).records() if r.network == request.network}
        _remove_all(sorted(here - valid), request, found, shared.world, deadline)
    finally:
        shared.close()


class _Shared:
    """One connection to OVSDB and one login to VSD for all that is removed; both open again by themselves."""

    def __init__(self, found: Settings, world: World) -> None:
        self.switch = world.switch(found)
        self.world = dataclasses.replace(world, switch=self._its_switch, vsd=self._its_vsd)
        self._open = world.vsd
        self._vsd: Session | None = None

    def close(self) -> None:
        self.switch.close()
        if self._vsd is not None:
            self._vsd.close()

    def _its_switch(self, _found: Settings) -> Switch:
        return self.switch

    def _its_vsd(self, access: Access) -> Session:
        self._vsd = self._vsd or self._open(access)
        return self._vsd


def _remove_all(
    stale: Iterable[tuple[str, str]], request: Request, found: Settings, world: World, deadline: Deadline
) -> None:
    failed: list[NuageChainError] = []
    journal = world.journal(found)
    for container_id, ifname in stale:
        who = identity.of(dataclasses.replace(request, container_id=container_id, ifname=ifname), found.owner)
        try:
            with journal.try_lock(container_id, ifname) as ours:
                if ours:
                    remove_locked(who, found, world, deadline)
        except NuageChainError as e:
            e.add(f"That was {ifname} of container {container_id}.")
            failed.append(e)
    if not failed:
        return
    first, *others = failed
    for other in others[: _SHOWN - 1]:
        first.add(other.message)
    if len(failed) > _SHOWN:
        first.add(f"And {len(failed) - _SHOWN} more could not be deleted.")
    raise first


def _pairs(raw: object) -> set[tuple[str, str]]:
    if not isinstance(raw, list):
        raise BadConfig(f"`{VALID_ATTACHMENTS}` is not a list.")
    pairs = set()
    for item in raw:
        if not isinstance(item, dict) or not item.get("containerID") or not item.get("ifname"):
            raise BadConfig(f"`{VALID_ATTACHMENTS}` holds an entry without containerID or ifname.")
        pairs.add((str(item["containerID"]), str(item["ifname"])))
    return pairs
