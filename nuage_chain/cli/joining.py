"""What to join to what, from arguments and environment: for `run`, `docker-run`, `attach`, `detach` and `check`."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nuage_chain.cli import nodes
from nuage_chain.cli.joint import Joint
from nuage_chain.cli.nodes import Node
from nuage_chain.cni import result
from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.errors import BadConfig, NuageChainError

NETCONFPATH, CNI_PATH, CACHE = "/etc/cni/net.d", ("/opt/cni/bin", "/usr/lib/cni"), "/var/lib/cni"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that every command of this kind has; environment variables give the defaults, as in the field."""
    group = parser.add_argument_group("which networks, and as what")
    group.add_argument(
        "--netconf",
        type=Path,
        metavar="PATH",
        help=f"folder of .conflist and .conf files, or one such file (default: NETCONFPATH, else {NETCONFPATH})",
    )
    group.add_argument(
        "--network", action="append", metavar="NAME", help="only this network of them; may be repeated (default: all)"
    )
    group.add_argument(
        "--ifname",
        metavar="NAME",
        help="name of the interface, for one network (default: CNI_IFNAME, else eth0, eth1, ... in order of file name)",
    )
    group.add_argument(
        "--args",
        metavar="KEY=VALUE;...",
        help='what a runtime passes about a workload, as in "NUAGE_SUBNET=api;K8S_POD_NAME=web-1" (default: CNI_ARGS)',
    )
    group.add_argument(
        "--capabilities",
        metavar="JSON",
        help='values for what plugins declare, as in \'{"bandwidth": {"ingressRate": 1000000}}\' (default: CAP_ARGS)',
    )
    group.add_argument(
        "--container-id", metavar="ID", help="the container's ID for CNI (default: made up; with NETNS as cnitool does)"
    )
    group.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help=f"where results are kept (default: {CACHE}, with --node the node's own)",
    )
    nodes.add_argument(group)


def joint(args: argparse.Namespace, netns: str, container_id: str, environment: Mapping[str, str]) -> Joint:
    """What the arguments describe, where they are silent the environment.

    With --node this process is in that node's network namespace afterwards.
    Raises BadConfig or NotAvailable before anything is done.
    """
    node = nodes.entered(args)
    networks = _networks(args.netconf or Path(environment.get("NETCONFPATH") or NETCONFPATH), args.network)
    made = Joint(
        runtime=_runtime(args.cache, node, environment),
        networks=nodes.on_node(networks, node) if node else networks,
        ifnames=_ifnames(networks, args.ifname or environment.get("CNI_IFNAME") or None),
        args=_pairs(args.args if args.args is not None else environment.get("CNI_ARGS", "")),
        capabilities=_capabilities(args.capabilities or environment.get("CAP_ARGS", "")),
        container_id=args.container_id or container_id,
        netns=netns,
    )
    for attachment in made.attachments:
        attachment.check()
    return made


def _runtime(given: Path | None, node: Node | None, environment: Mapping[str, str]) -> Runtime:
    folders, cache = plugin_dirs(environment), Path(CACHE)
    if node is not None:
        folders, cache = [node.programs, *folders], node.cache
    return Runtime(folders, given or cache, environment=environment, convert=_convert)


def cnitool_id(netns: str) -> str:
    """cnitool's container ID for a namespace, so that it and we can undo each other's attachments."""
    return f"cnitool-{hashlib.sha512(netns.encode()).digest()[:10].hex()}"


def plugin_dirs(environment: Mapping[str, str]) -> list[Path]:
    """The folders that plugins are looked for in: CNI_PATH and then ours, or ours and then the usual ones."""
    given = [Path(p) for p in environment.get("CNI_PATH", "").split(":") if p]
    ours = Path(sys.prefix) / "cni"
    return [*given, ours] if given else [ours, *map(Path, CNI_PATH)]


def _networks(path: Path, names: Sequence[str] | None) -> list[Network]:
    if path.is_dir():
        found, problems = conflist.load_folder(path)
    elif path.exists():
        found, problems = [conflist.load(path)], []
    else:
        raise BadConfig(
            f"There is no {path} to take networks from.",
            hint="Copy a list from conflists/ there, or name another place with --netconf or NETCONFPATH.",
        )
    if names:
        return _named(path, found, problems, names)
    if problems:
        raise problems[0]
    if not found:
        raise BadConfig(
            f"{path} has no network configuration: no file *.conflist, *.conf or *.json.",
            hint="Copy a list from conflists/ there.",
        )
    return sorted(found, key=lambda network: network.source)


def _named(
    path: Path, found: Sequence[Network], problems: Sequence[NuageChainError], names: Sequence[str]
) -> list[Network]:
    """The networks of those names; a file that is wrong does not hide a right one."""
    known: dict[str, Network] = {}
    for network in found:
        known.setdefault(network.name, network)
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            wrong = "".join(f" {problem.message}" for problem in problems)
            raise BadConfig(
                f"{path} has no network named {name!r}; it has: {there}.{wrong}",
                hint="The name is what `name` says in a file, not the file's own.",
            )
    return [known[name] for name in dict.fromkeys(names)]


def _ifnames(networks: Sequence[Network], given: str | None) -> list[str]:
    others = [network for network in networks if not _is_loopback(network)]
    if given and len(others) > 1:
        raise BadConfig(
            f"There is one interface name, {given}, for {len(others)} networks: {', '.join(n.name for n in others)}.",
            hint="Choose one of them with --network.",
        )
    free = iter([given] if given else [f"eth{number}" for number in range(len(others))])
    return ["lo" if _is_loopback(network) else next(free) for network in networks]


def _is_loopback(network: Network) -> bool:
    return all(plugin.type == "loopback" for plugin in network.plugins)


def _pairs(text: str) -> list[tuple[str, str]]:
    # Without it, plugins of libcni's kind refuse keys that are another plugin's (every runtime sends it).
    pairs = {"IgnoreUnknown": "1"}
    for pair in filter(None, text.split(";")):
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise BadConfig(f"{pair!r} in --args or CNI_ARGS is not KEY=VALUE.", hint="As in: NUAGE_SUBNET=api")
        pairs[key] = value
    return list(pairs.items())


def _capabilities(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text) if text else {}
    except ValueError as e:
        raise BadConfig(f"What --capabilities or CAP_ARGS gives is not JSON: {e}.") from e
    if not isinstance(given, dict):
        raise BadConfig("What --capabilities or CAP_ARGS gives has to be a JSON object.")
    return given


def _convert(cached: dict[str, Any], version: str) -> dict[str, Any]:
    return result.render(result.parse(cached), version)
