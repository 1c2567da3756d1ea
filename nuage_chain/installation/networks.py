"""The ready list of plugins that a runtime reads: its publication is what brings containers to us, so it comes last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.keys import KEYS
from nuage_chain.attachment.state import World
from nuage_chain.attachment.status import ask_switch
from nuage_chain.cni.request import Request
from nuage_chain.cni.runtime import conflist
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, DeadlineExceeded, LimitedConnectivity, NuageChainError, TryAgainLater
from nuage_chain.installation.items import File
from nuage_chain.installation.place import PLUGIN, SETTINGS, Place
from nuage_chain.installation.units import SHIPPED

DEFAULT = "10-nuage.conflist"
_LISTS = SHIPPED / "conflists"
_SUFFIX = ".conflist"
_PAUSE = 1.0
_ONCE = 5.0


def names() -> list[str]:
    """The names of the ready lists."""
    return sorted(path.name for path in _LISTS.iterdir() if path.suffix == _SUFFIX)


def check(name: str, place: Place) -> None:
    """Raises BadConfig where there is no list of that name."""
    if name not in names() and not place.at(SETTINGS / name).is_file():
        raise BadConfig(f"There is no list {name}.", hint=f"The ready lists are: {', '.join(names())}.")


def ready(name: str, place: Place) -> File:
    """The list as it is published: the administrator's own of that name in /etc/nuage-chain, else the ready one.

    Of a ready one, the places in VSD that this node's configuration names are left out, since they are examples there.
    Raises BadConfig.
    """
    check(name, place)
    own = place.at(SETTINGS / name)
    if own.is_file():
        # It may have VSD's password in it.
        published = File(place.networks / name, own.read_bytes(), own.stat().st_mode & 0o777)
        try:
            # Plugins in files of their own are looked for beside the published one.
            conflist.parse(published.content, place.at(published.path))
        except BadConfig as e:
            e.add(f"It is made of {own}")
            raise
        return published
    whole = json.loads((_LISTS / name).read_text())
    named = _named_by_node(place)
    for entry in whole["plugins"]:
        if entry["type"] == PLUGIN:
            for key in named:
                entry.pop(key, None)
    return File(place.networks / name, (json.dumps(whole, indent=4) + "\n").encode())


def examples(published: File) -> list[str]:
    """The names in VSD that the list has, as `subnet web`."""
    entry = _entry(_network(published))
    return [f"{key} {entry[key]}" for key in KEYS if KEYS[key].placement and key in entry]


def wait_until_ready(
    published: File, world: World, deadline: Deadline, pause: Callable[[float], None] = time.sleep
) -> None:
    """Until Open vSwitch forwards and VRS has its controller. Raises what keeps it, when the time is used up."""
    while True:
        try:
            found = settings.merge(sources.layers(_request(published)), world.hostname)
            ask_switch(found, world, Deadline(_ONCE))
        except (LimitedConnectivity, TryAgainLater) as e:
            try:
                pause(deadline.left("the switch", at_most=_PAUSE))
            except DeadlineExceeded:
                raise e from None
        else:
            return


def _named_by_node(place: Place) -> set[str]:
    if not place.live:
        return set()
    try:
        layers = sources.layers(Request("STATUS", ""))
    except NuageChainError as e:
        e.add("The list was not published")
        raise
    return {key for layer in layers for key in layer.values if KEYS[key].placement}


def _request(published: File) -> Request:
    network = _network(published)
    return Request("STATUS", network.version, config={**_entry(network), "name": network.name})


def _network(published: File) -> conflist.Network:
    """As a runtime on this node reads it."""
    return conflist.parse(published.content, published.path)


def _entry(network: conflist.Network) -> dict[str, Any]:
    return next((plugin.config for plugin in network.plugins if plugin.type == PLUGIN), {})
