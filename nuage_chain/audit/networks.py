"""The settings of every network of this node that we are part of, as a call for it would have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.cni.request import Request
from nuage_chain.cni.runtime import conflist
from nuage_chain.errors import NuageChainError

OURS = "nuage-chain"
# A call that locks another file than we do cannot be seen.
_SHARED = ("stateDir", "runDir")

Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Networks:
    """node: the settings where no network says otherwise. unread: what could not be read, a sentence each.

    elsewhere: networks, by name, that keep their journal in other folders than the node does.
    """

    node: Settings
    by_name: Mapping[str, Settings] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    elsewhere: Mapping[str, Settings] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each network that is not in `by_name`."""
        return (*self.unread, *(f"The network {name} {apart(its)}" for name, its in self.elsewhere.items()))

    def of(self, name: str, switch: Place | None = None) -> Settings:
        """The network's own settings, or the node's where nobody has its configuration any more.

        switch: where the port is, which the configuration may have left since.
        """
        found = self.by_name.get(name, self.node)
        if switch is None or switch == switch_of(found):
            return found
        return dataclasses.replace(found, values={**found.values, **dict(zip(_PLACE, switch, strict=True))})

    def switches(self) -> dict[Place, bool]:
        """Every switch that there may be ports on, and whether one has to be there: the node's own may be unused."""
        used = {switch_of(one): True for one in self.by_name.values()}
        return {switch_of(self.node): not used, **used}


_PLACE = ("ovsdb", "bridge")


def switch_of(found: Settings) -> Place:
    """Which switch: its OVSDB and its bridge."""
    return found.text("ovsdb"), found.text("bridge")


def read(folder: Path, hostname: str, config_file: Path | None = None, *, strict: bool = False) -> Networks:
    """folder: of network configurations. strict: as an ADD reads them.

    Raises BadConfig for a node's configuration that cannot be read.
    """
    node = settings.merge(sources.layers(Request("STATUS", ""), config_file=config_file, strict=strict), hostname)
    unread: list[str] = []
    by_name: dict[str, Settings] = {}
    elsewhere: dict[str, Settings] = {}
    for network in _networks(folder, unread):
        entry = next((p.config for p in network.plugins if p.type == OURS), None)
        # Of two lists with one name, runtimes take the first.
        if entry is None or network.name in {*by_name, *elsewhere}:
            continue
        request = Request("STATUS", network.version, config={**entry, "name": network.name})
        try:
            layers = sources.layers(request, config_file=config_file, strict=strict)
            found = settings.merge(layers, hostname)
        except NuageChainError as e:
            unread.append(e.message)
            continue
        shares = all(found.text(key) == node.text(key) for key in _SHARED)
        (by_name if shares else elsewhere)[network.name] = found
    return Networks(node, by_name, tuple(unread), elsewhere)


def apart(its: Settings) -> str:
    """What is to be said of a network in `elsewhere`, after its name."""
    where = f"{its.text('stateDir')} and {its.text('runDir')}"
    return f"keeps its state in {where}, and the node elsewhere: the audit leaves it alone."


def _networks(folder: Path, unread: list[str]) -> list[conflist.Network]:
    try:
        found, wrong = conflist.load_folder(folder)
    except NuageChainError:
        # A node without networks has no folder of them.
        return []
    unread += [problem.message for problem in wrong]
    return list(found)
