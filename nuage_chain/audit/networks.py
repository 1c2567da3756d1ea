"""The settings of every network of this node that we are part of, as a call for it would have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.cni.request import Request
from nuage_chain.cni.runtime import conflist
from nuage_chain.errors import NuageChainError

OURS = "nuage-chain"


@dataclass(frozen=True)
class Networks:
    """node: the settings where no network says otherwise. problems: what could not be read, a sentence each."""

    node: Settings
    by_name: Mapping[str, Settings] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def of(self, name: str) -> Settings:
        """The network's own settings, or the node's where nobody has its configuration any more."""
        return self.by_name.get(name, self.node)


def read(
    folder: Path, hostname: str, config_file: Path | None = None, report: Callable[[str], None] = lambda _: None
) -> Networks:
    """folder: of network configurations. Raises BadConfig for a node's configuration that cannot be read."""
    node = settings.merge(sources.layers(Request("STATUS", ""), config_file=config_file, strict=False), hostname)
    problems: list[str] = []
    by_name: dict[str, Settings] = {}
    try:
        found, wrong = conflist.load_folder(folder)
        problems += [problem.message for problem in wrong]
    except NuageChainError:
        # A node without networks has no folder of them.
        found = []
    for network in found:
        entry = next((p.config for p in network.plugins if p.type == OURS), None)
        if entry is None:
            continue
        request = Request("STATUS", network.version, config={**entry, "name": network.name})
        try:
            layers = sources.layers(request, config_file=config_file, strict=False)
            by_name.setdefault(network.name, settings.merge(layers, hostname))
        except NuageChainError as e:
            problems.append(e.message)
    for problem in problems:
        report(problem)
    return Networks(node, by_name, tuple(problems))
