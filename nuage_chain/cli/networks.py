"""`nuage-chain attach|detach|check NETNS`: the runtime's part by hand, for a network namespace that exists."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from typing import Any

from nuage_chain.cli import joining
from nuage_chain.cli.joint import SECONDS, Joint
from nuage_chain.cli.output import complain, table
from nuage_chain.cli.signals import held
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.errors import InvalidNetns
from nuage_chain.link import netns as entered

_NAMED = "/run/netns/"
_EXAMPLES = """\
for example:
  ip netns add web1
  nuage-chain attach web1       # or, on another subnet: nuage-chain attach web1 --args NUAGE_SUBNET=api
  nuage-chain check web1
  nuage-chain detach web1       # also when the namespace is gone
  ip netns delete web1

The container ID is the one that cnitool would use, so that it can undo what was done here, and the other way round.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds the three commands."""
    verbs: tuple[tuple[str, Callable[[argparse.Namespace], int], str], ...] = (
        ("attach", _attach, "join an existing network namespace to networks (CNI ADD)"),
        ("detach", _detach, "take a network namespace off its networks (CNI DEL); may be repeated"),
        ("check", _check, "compare a namespace's attachments with what attach made (CNI CHECK)"),
    )
    for name, run, text in verbs:
        parser = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=_EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("netns", metavar="NETNS", help="name, as `ip netns` lists it, or path")
        if name == "attach":
            parser.add_argument("--json", action="store_true", help="print the CNI results, a list, as JSON")
        joining.add_arguments(parser)
        parser.set_defaults(run=run)


def path_of(netns: str) -> str:
    """The absolute path of a namespace given by name or path; links are not followed, as cnitool does not."""
    return os.path.abspath(netns) if "/" in netns else f"{_NAMED}{netns}"  # noqa: PTH100 - resolve() follows links


def described(joint: Joint, results: Sequence[dict[str, Any]]) -> str:
    """A line for each attachment: interface, network, MAC, addresses, gateway."""
    lines = []
    for network, ifname, result in zip(joint.networks, joint.ifnames, results, strict=True):
        ips = result.get("ips") or []
        macs = [i.get("mac", "") for i in result.get("interfaces") or [] if i.get("sandbox")]
        lines.append((
            ifname,
            network.name,
            ", ".join(macs),
            ", ".join(ip["address"] for ip in ips) or "-",
            ", ".join(ip["gateway"] for ip in ips if ip.get("gateway")) or "-",
        ))  # fmt: skip
    return table(("interface", "network", "MAC", "address", "gateway"), lines)


def _attach(args: argparse.Namespace) -> int:
    joint = _joint(args)
    enterable(joint.netns)
    reached = [0]
    try:
        results = joint.join(reached.append)
    except BaseException:
        with held():
            _leave(joint, reached[-1])
        raise
    print(json.dumps(results, indent=2) if args.json else described(joint, results))
    return 0


def _detach(args: argparse.Namespace) -> int:
    joint = _joint(args)
    if not _leave(joint, len(joint.networks)):
        return 1
    print(f"Off {_listed(joint.networks)}.")
    return 0


def _check(args: argparse.Namespace) -> int:
    joint = _joint(args)
    enterable(joint.netns)
    off = joint.check()
    for name in off:
        print(f"{name}: not checked, its list says disableCheck.")
    checked = [network for network in joint.networks if network.name not in off]
    if checked:
        print(f"As attach left it: {_listed(checked)}.")
    return 0


def _joint(args: argparse.Namespace) -> Joint:
    netns = path_of(args.netns)
    return joining.joint(args, netns, joining.cnitool_id(netns), os.environ)


def enterable(netns: str) -> None:
    """Raises before any plugin does: NetnsGone, InvalidNetns."""
    try:
        entered.inside(netns, lambda: None, SECONDS)
    except entered.NetnsGone as e:
        e.hint = "`ip netns add NAME` makes one, `ip netns` lists those there are."
        raise
    if entered.is_own(netns):
        raise InvalidNetns(f"{netns} is the network namespace that this command runs in.", hint="Give the container's.")


def _leave(joint: Joint, count: int) -> bool:
    errors = joint.leave(count)
    for error in errors:
        complain(error)
    return not errors


def _listed(networks: Sequence[Network]) -> str:
    return ", ".join(network.name for network in networks)
