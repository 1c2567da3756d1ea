"""`--node N`: what a command does on a node of an embedded VSP that is a network namespace of this machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import nuage_chain
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.errors import NotAvailable
from nuage_chain.launcher import render
from nuage_chain.link import netns
from nuage_chain.vsp import cluster, place, plugin_config
from nuage_chain.vsp.layout import Layout

STATE = Path("/var/lib/nuage-chain/vsp")
"""Where an embedded VSP is unless somebody says otherwise."""

_PLUGIN = "nuage-chain"


class Parser(Protocol):
    """An argument parser, or a group of one."""

    def add_argument(self, *names: str, **options: Any) -> Any:  # noqa: ANN401 - argparse's own
        """As argparse has it."""


@dataclass(frozen=True)
class Node:
    """Where a node keeps what its containers' calls need: the plugin's configuration, its executable, results."""

    config: Path
    programs: Path
    cache: Path


def add_state(parser: Parser, of: str) -> None:
    """The option --state."""
    text = f"{of} (default: %(default)s)"
    parser.add_argument("--state", type=_folder, default=STATE, metavar="FOLDER", help=text)


def add_argument(parser: Parser) -> None:
    """The options --node and --state."""
    text = "do it on node N of an embedded VSP that was started with --nodes"
    parser.add_argument("--node", type=number, metavar="N", help=text)
    add_state(parser, "that VSP's directory")


def _folder(text: str) -> Path:
    if not text:
        # Path("") is the current directory; a variable that is not set names no directory.
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


def number(text: str) -> int:
    """A node's number on the command line."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a node, 1 or more")
    return int(text)


def entered(args: argparse.Namespace) -> Node | None:
    """The node that --node names; this process is in its network namespace from here on. None without --node.

    Raises NotAvailable where there is no such node, or it is not up.
    """
    if args.node is None:
        return None
    layout, settings = cluster.node_of(args.state, args.node)
    if settings.netns is None or not place.exists(settings.netns):
        raise NotAvailable(
            f"Node {args.node} of the embedded VSP in {args.state} is not up.", hint="`nuage-chain vsp up` starts it."
        )
    netns.enter(str(place.path_of(settings.netns)))
    return Node(plugin_config.config_file(layout), plugin_config.programs(layout), plugin_config.cache(layout))


def on_node(networks: Sequence[Network], node: Node) -> list[Network]:
    """The networks with our plugin's entries reading the node's configuration, unless they name another file."""
    return [_on_node(network, str(node.config)) for network in networks]


def write_executable(layout: Layout) -> None:
    """Make the plugin's executable that calls the agent of the node in `layout`."""
    folder = plugin_config.programs(layout)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{_PLUGIN}"
    draft.write_text(render(Path(sys.executable), Path(nuage_chain.__file__).parent, layout.agent_socket))
    draft.chmod(0o755)
    draft.replace(folder / _PLUGIN)


def _on_node(network: Network, config: str) -> Network:
    def of(entry: dict[str, Any]) -> dict[str, Any]:
        return {"configFile": config, **entry} if entry["type"] == _PLUGIN else entry

    whole = json.loads(network.raw)
    whole["plugins"] = [of(entry) for entry in whole.get("plugins", [])]
    plugins = tuple(replace(plugin, config=of(plugin.config)) for plugin in network.plugins)
    return replace(network, plugins=plugins, raw=json.dumps(whole).encode())
