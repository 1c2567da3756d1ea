"""GC: delete what is ours on this network and is not among the runtime's valid attachments."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.delete import delete
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.errors import BadConfig, NuageChainError
from nuage_chain.vrs import rows

VALID = "cni.dev/valid-attachments"


def gc(request: Request, world: World, config_file: Path | None = None) -> None:
    """Deletes each stale attachment, past errors, and raises them together at the end.

    Without the list of valid attachments nothing is stale: cnitool's `gc` sends none, and it does not mean "all".
    """
    raw = request.config.get(VALID)
    if raw is None:
        return
    valid = _pairs(raw)
    found = settings.merge(sources.layers(request, config_file=config_file), world.hostname)
    switch = world.switch(found)
    try:
        ports = switch.all_ours(request.network, world.deadline(found.timeout))
    finally:
        switch.close()
    here = [(p.marks[rows.CONTAINER], p.marks[rows.IFNAME]) for p in ports]
    _delete_all(sorted(set(here) - valid), request, world, config_file)


def _delete_all(stale: Iterable[tuple[str, str]], request: Request, world: World, config_file: Path | None) -> None:
    failed: list[NuageChainError] = []
    for container_id, ifname in stale:
        try:
            delete(dataclasses.replace(request, container_id=container_id, ifname=ifname), world, config_file)
        except NuageChainError as e:
            e.add(f"That was {ifname} of container {container_id}.")
            failed.append(e)
    if failed:
        for other in failed[1:]:
            failed[0].add(other.message)
        raise failed[0]


def _pairs(raw: object) -> set[tuple[str, str]]:
    if not isinstance(raw, list):
        raise BadConfig(f"`{VALID}` is not a list.")
    pairs = set()
    for item in raw:
        if not isinstance(item, dict) or not item.get("containerID") or not item.get("ifname"):
            raise BadConfig(f"`{VALID}` holds an entry without containerID or ifname.")
        pairs.add((str(item["containerID"]), str(item["ifname"])))
    return pairs
