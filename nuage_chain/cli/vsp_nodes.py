"""`nuage-chain vsp` with more nodes than one: `up --nodes`, `down --node`, and `invite` and `join` for other hosts."""

from __future__ import annotations

import argparse
import ipaddress
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nuage_chain.cli.nodes import write_executable
from nuage_chain.cli.numbers import some_seconds
from nuage_chain.cli.vsp_status import about_vsd, print_aligned, state_option, up_line
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsp import cluster, invitation, joining, node, plugin_config, underlay
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.settings import load_settings

_DOWN = 60
_JOIN = """\
for example, with a controller at 192.0.2.1 and this host at 192.0.2.2:
  controller# nuage-chain vsp up --listen 192.0.2.1
  controller# nuage-chain vsp invite host-2 --output host-2.invitation   # a secret: carry it over safely
  host-2# nuage-chain vsp join host-2.invitation --address 192.0.2.2

Where the kernel has no openvswitch module, tunnels need a link of their own: --uplink eth1 --address 192.0.2.2/24
"""

Verb = Callable[[Any, str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add_verbs(verb: Verb, verbs: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `invite` and `join`."""
    invite = verb(verbs, "invite", _invite, "print what a host needs to join this VSP, a secret")
    invite.add_argument("name", metavar="NAME", help="the host's name in OVN, which no other has")
    invite.add_argument("--output", type=Path, metavar="FILE", help="write it to a file that root alone may read")
    add_timeout(invite)
    join = verb(verbs, "join", _join, "make this host a node of a VSP whose controller has invited it")
    join.add_argument("invitation", type=Path, metavar="FILE", help="what `vsp invite` printed on the controller")
    join.add_argument(
        "--address",
        type=_interface,
        required=True,
        metavar="ADDRESS",
        help="where other nodes reach this host; with its length (192.0.2.2/24) where --uplink is given",
    )
    join.add_argument("--uplink", metavar="LINK", help="a link for the tunnels alone, which the switch takes over")
    join.add_argument("--netns", metavar="NAME", help="network namespace to run in (default: this one)")
    add_timeout(join)
    join.add_argument(
        "--outside", action=argparse.BooleanOptionalAction, help="a bridge out of the overlay, as for `vsp up`"
    )
    join.epilog, join.formatter_class = _JOIN, argparse.RawDescriptionHelpFormatter


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """The option --timeout."""
    parser.add_argument(
        "--timeout",
        type=some_seconds,
        default=60.0,
        metavar="SECONDS",
        help="how long the VSP may take to come up (default: %(default)g); an emulated machine may need more",
    )


def count(text: str) -> int:
    """How many nodes, on the command line."""
    if not text.isdecimal() or not 1 <= int(text) <= underlay.MOST_NODES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of nodes, 1 to {underlay.MOST_NODES}")
    return int(text)


def address(text: str) -> str:
    """An address on the command line that other hosts can reach."""
    try:
        found = ipaddress.IPv4Address(text)
    except ValueError:
        found = None
    if found is None or found.is_loopback or found.is_unspecified or found.is_multicast:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IPv4 address that other hosts can reach")
    return str(found)


def up(args: argparse.Namespace, wishes: node.Wishes) -> int:
    """The centre and its nodes."""
    budget = Deadline(args.timeout + cluster.SECONDS_A_NODE * (args.nodes or _as_before(args)))
    made = cluster.up(args.state, args.nodes, environment=os.environ, deadline=budget, netns=args.netns, wishes=wishes)
    for one in made.nodes.values():
        plugin_config.write(one.layout, one.settings)
        write_executable(one.layout)
    started = [str(n) for n, one in made.nodes.items() if not one.already]
    print(up_line(made.centre, *made.nodes.values()))
    what = f"started {', '.join(started)}" if started else "all of them ran"
    first, state = made.nodes[min(made.nodes)].settings, state_option(args)
    print_aligned(
        "  ",
        *about_vsd(made.centre),
        ("nodes", f"{len(made.nodes)}, {what}; node 1 is the network namespace {first.netns}, {first.address}"),
        ("to fill it", f"nuage-chain vsp seed{state}"),
        ("to try it", f"nuage-chain run --node 1{state} --netconf conflists/10-nuage.conflist ip address"),
        ("to look", f"nuage-chain vsp status{state}"),
        ("to cut off", f"ip -n {made.centre.settings.netns} link set {underlay.port_of(1)} down"),
        ("to end it", f"nuage-chain vsp down{state}"),
    )
    return 0


def _as_before(args: argparse.Namespace) -> int:
    settings = load_settings(layout_of(args.state))
    return settings.nodes if settings else 0


def down(args: argparse.Namespace) -> int:
    """One node alone."""
    if args.purge:
        raise BadConfig("--purge removes a whole VSP, not one node.", hint="Leave out --node or --purge.")
    layout, _ = cluster.node_of(args.state, args.node)
    ran = node.down(layout.state, environment=os.environ, deadline=Deadline(_DOWN))
    print(
        f"Node {args.node} is down; `nuage-chain vsp up` brings it back." if ran else f"Node {args.node} did not run."
    )
    return 0


def _invite(args: argparse.Namespace) -> int:
    made = invitation.invite_host(layout_of(args.state), args.name, Deadline(args.timeout))
    if args.output:
        invitation.save(made, args.output)
    else:
        print(invitation.text(made))
    return 0


def _join(args: argparse.Namespace) -> int:
    host = joining.Host(args.address, args.netns, args.uplink, args.outside)
    invited = invitation.load(args.invitation)
    made = joining.join(args.state, invited, host, environment=os.environ, deadline=Deadline(args.timeout))
    config = plugin_config.write(made.layout, made.settings)
    print(f"Node {invited.name} runs already." if made.already else f"Node {invited.name} is up.")
    print_aligned(
        "  ",
        ("VSD", made.settings.vsd_url),
        ("OVSDB", f"unix:{made.layout.ovsdb_socket}"),
        ("to use it", f"install -D -m 600 {config} /etc/nuage-chain/config.yaml"),
        ("to end it", f"nuage-chain vsp down{state_option(args)}"),
    )
    return 0


def _interface(text: str) -> ipaddress.IPv4Interface:
    try:
        return ipaddress.IPv4Interface((address(text.partition("/")[0]), text.partition("/")[2] or 32))
    except ValueError as e:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address, as 192.0.2.2 or 192.0.2.2/24") from e
