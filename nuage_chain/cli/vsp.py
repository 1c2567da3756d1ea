"""`nuage-chain vsp up|down|status|seed`: the embedded VSP of this machine."""

from __future__ import annotations

import argparse
import os
from functools import partial
from pathlib import Path
from typing import Any

from nuage_chain import yaml_text
from nuage_chain.cli import vsp_nodes, vsp_status
from nuage_chain.cli.nodes import add_state, number
from nuage_chain.cli.vsp_status import about_vsd, print_aligned, state_option, up_line
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, IOFailure, NotAvailable
from nuage_chain.link import netns
from nuage_chain.vsd.session import Session
from nuage_chain.vsp import cluster, node, place, plugin_config, status, topology
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.settings import load_settings

_DOWN, _SEED = 60, 60

_ABOUT = """\
The embedded VSP: a small VSD, VRS and VSC on this machine's Open vSwitch and OVN, for those who have no VSP to try
things with. All it has is in one directory, and the machine's own Open vSwitch stays as it is.
"""
_TOPOLOGY = """\
the file:
  enterprises:
    - name: Acme
      domains:
        - name: Shop
          policy_groups: [web]            # may be left out
          redirection_targets: [balancer] # may be left out
          zones:
            - name: front
              subnets:
                - {name: web, cidr: 10.10.1.0/24}
                - {name: api, cidr: 10.10.2.0/24, gateway: 10.10.2.254, cidr6: "fd00:2::/64"}

What VSD has already, by name, is kept as it is.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `vsp` and its verbs."""
    parser = commands.add_parser(
        "vsp", help="start, look at, fill or stop the embedded VSP", description=" ".join(_ABOUT.split())
    )
    verbs = parser.add_subparsers(dest="verb", required=True, title="verbs", metavar="up|down|status|seed|invite|join")
    up = _verb(verbs, "up", _up, "start the embedded VSP and say how to use it; fine where it runs already")
    up.add_argument(
        "--netns",
        metavar="NAME",
        help="network namespace to run in, made where it does not exist (default: this one; with --nodes vsp for the "
        "centre and vsp-1, vsp-2, ... for the nodes)",
    )
    up.add_argument(
        "--nodes",
        type=vsp_nodes.count,
        metavar="N",
        help="so many nodes, each in a network namespace of its own (default: as it was, at first this host alone)",
    )
    up.add_argument(
        "--listen",
        type=vsp_nodes.address,
        metavar="ADDRESS",
        help="be the centre of other hosts, which join at this address of this one (default: as it was, at first not)",
    )
    up.add_argument("--port", type=_port, metavar="N", help="VSD's port (default: as it was, at first 8443)")
    up.add_argument(
        "--cert-port",
        type=_port,
        metavar="N",
        help="VSD's port for those who log in by certificate (default: as it was, at first 7443)",
    )
    up.add_argument(
        "--outside",
        action=argparse.BooleanOptionalAction,
        help="a bridge out of the overlay, for PAT and floating IPs (default: as it was, at first none)",
    )
    up.add_argument(
        "--without-policy",
        choices=("drop", "allow"),
        help="what becomes of traffic where no ACL template is active (default: as it was, at first drop)",
    )
    vsp_nodes.add_timeout(up)
    down = _verb(verbs, "down", _down, "stop the embedded VSP; fine where it does not run")
    down.add_argument("--purge", action="store_true", help="remove what is in its directory too: databases, passwords")
    down.add_argument("--node", type=number, metavar="N", help="node N alone, with its containers' network")
    _verb(
        verbs,
        "status",
        vsp_status.run,
        "say what of it runs; the exit status is 0 when containers can be attached on every node, else 1",
    )
    seed = _verb(verbs, "seed", _seed, "make enterprises, domains, zones and subnets in its VSD")
    seed.add_argument("file", nargs="?", type=Path, metavar="FILE", help="in YAML (default: the topology of the demo)")
    vsp_nodes.add_verbs(_verb, verbs)
    seed.epilog, seed.formatter_class = _TOPOLOGY, argparse.RawDescriptionHelpFormatter


def _verb(verbs: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:  # noqa: ANN401 - as above
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    add_state(parser, "directory that everything is under, and nothing else")
    parser.set_defaults(run=run)
    return parser


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 1 to 65535")
    return number


def _up(args: argparse.Namespace) -> int:
    if args.nodes is not None and args.listen is not None:
        raise BadConfig(
            "With --nodes all nodes are on this machine, so --listen has no meaning.", hint="Leave one of them out."
        )
    wishes = node.Wishes(args.port, args.cert_port, args.without_policy, args.outside, args.listen)
    layout = layout_of(args.state)
    before = load_settings(layout)
    if args.nodes is not None or (before is not None and before.nodes):
        return vsp_nodes.up(args, wishes)
    # A host that has joined a VSP is where it was.
    netns = args.netns or (before.netns if before is not None and not before.controller else None)
    made = node.up(args.state, environment=os.environ, deadline=Deadline(args.timeout), netns=netns, wishes=wishes)
    print(up_line(made))
    print_aligned(
        "  ",
        *about_vsd(made),
        *(_to_use(made) if made.settings.switch else ()),
        ("to fill it", f"nuage-chain vsp seed{state_option(args)}"),
        *([("to join it", f"nuage-chain vsp invite NAME{state_option(args)}")] if made.settings.takes_nodes else []),
        ("to end it", f"nuage-chain vsp down{state_option(args)}"),
    )
    return 0


def _to_use(made: node.Up) -> list[tuple[str, str]]:
    inside = f"ip netns exec {made.settings.netns} " if made.settings.netns else ""
    config = plugin_config.write(made.layout, made.settings)
    return [
        ("OVSDB", f"unix:{made.layout.ovsdb_socket}"),
        ("to use it", f"install -D -m 600 {config} /etc/nuage-chain/config.yaml"),
        ("to try it", f"{inside}nuage-chain run --netconf conflists/10-nuage.conflist ip address"),
    ]


def _down(args: argparse.Namespace) -> int:
    if args.node is not None:
        return vsp_nodes.down(args)
    ran = cluster.down(args.state, environment=os.environ, deadline=Deadline(_DOWN), purge=args.purge)
    print("The embedded VSP is down." if ran else "The embedded VSP did not run.")
    return 0


def _seed(args: argparse.Namespace) -> int:
    wanted = _topology(args.file) if args.file else topology.DEMO
    settings, layout = load_settings(layout_of(args.state)), layout_of(args.state)
    if (
        settings is None
        or not status.status(args.state, environment=os.environ, deadline=partial(Deadline, vsp_status.SECONDS)).running
    ):
        raise NotAvailable(
            f"No embedded VSP runs in {layout.state}.", hint="Start it with `nuage-chain vsp up`, --state as here."
        )
    access = access_of(layout, settings)

    def work() -> list[str]:
        session = Session(access)
        try:
            return topology.seed(session, wanted, Deadline(_SEED))
        finally:
            session.close()

    made = netns.inside(str(place.path_of(settings.netns)), work, _SEED) if settings.netns else work()
    for path in made:
        print(f"made {path}")
    print(f"VSD has it all; {len(made)} of it new.")
    return 0


def _topology(path: Path) -> dict[str, Any]:
    try:
        document: Any = yaml_text.parse(path.read_bytes())
        topology.check(document)
    except OSError as e:
        raise IOFailure(f"{path} cannot be read: {e.strerror}.") from e
    except yaml_text.NotYaml as e:
        raise BadConfig(f"{path} is not YAML: {e.words}.") from e
    except BadConfig as e:
        raise BadConfig(f"{path}: {e.message}", hint="`nuage-chain vsp seed --help` shows how it has to look.") from e
    return dict(document)
