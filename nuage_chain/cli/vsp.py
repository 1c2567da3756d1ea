"""`nuage-chain vsp up|down|status|seed`: the embedded VSP of this machine."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import yaml

from nuage_chain.cli.output import table
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, IOFailure, NotAvailable
from nuage_chain.link import netns
from nuage_chain.vsd.session import Session
from nuage_chain.vsp import node, place, plugin_config, status, topology
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import layout_of, load_settings

DEFAULT_STATE = Path("/var/lib/nuage-chain/vsp")
# Eight daemons on a slow machine; on an idle one they are up in two seconds.
_UP, _DOWN, _STATUS, _SEED = 60, 60, 10, 60


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
    """Adds `vsp` and its four verbs."""
    parser = commands.add_parser(
        "vsp", help="start, look at, fill or stop the embedded VSP", description=" ".join(_ABOUT.split())
    )
    verbs = parser.add_subparsers(dest="verb", required=True, title="verbs", metavar="up|down|status|seed")
    up = _verb(verbs, "up", _up, "start the embedded VSP and say how to use it; fine where it runs already")
    up.add_argument(
        "--netns", metavar="NAME", help="network namespace to run in, made where it does not exist (default: this one)"
    )
    up.add_argument(
        "--port", type=_port, default=8443, metavar="N", help="VSD's port on 127.0.0.1 (default: %(default)s)"
    )
    up.add_argument(
        "--cert-port",
        type=_port,
        default=7443,
        metavar="N",
        help="VSD's port for those who log in by certificate (default: %(default)s)",
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
    down = _verb(verbs, "down", _down, "stop the embedded VSP; fine where it does not run")
    down.add_argument("--purge", action="store_true", help="remove what is in its directory too: databases, passwords")
    _verb(verbs, "status", _status, "say what of it runs; the exit status is 0 when containers can be attached, else 1")
    seed = _verb(verbs, "seed", _seed, "make enterprises, domains, zones and subnets in its VSD")
    seed.add_argument("file", nargs="?", type=Path, metavar="FILE", help="in YAML (default: the topology of the demo)")
    seed.epilog, seed.formatter_class = _TOPOLOGY, argparse.RawDescriptionHelpFormatter


def _verb(verbs: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:  # noqa: ANN401 - as above
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument(
        "--state",
        type=Path,
        default=DEFAULT_STATE,
        metavar="FOLDER",
        help="directory that everything is under (default: %(default)s)",
    )
    parser.set_defaults(run=run)
    return parser


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 1 to 65535")
    return number


def _up(args: argparse.Namespace) -> int:
    if args.port == args.cert_port:
        raise BadConfig(f"VSD cannot have {args.port} for both of its ports.", hint="Choose another --cert-port.")
    made = node.up(
        args.state,
        environment=os.environ,
        deadline=Deadline(_UP),
        netns=args.netns,
        vsd_port=args.port,
        cert_port=args.cert_port,
        without_policy=args.without_policy,
        outside=args.outside,
    )
    config = plugin_config.write(made.layout, made.settings)
    print("The embedded VSP runs already." if made.already else f"The embedded VSP is up, in {made.seconds:.1f} s.")
    inside = f"ip netns exec {made.settings.netns} " if made.settings.netns else ""
    state = "" if args.state == DEFAULT_STATE else f" --state {args.state}"
    _print_aligned(
        "  ",
        ("VSD", f"{made.settings.vsd_url}, user csproot, organization csp{_where(made.settings.netns)}"),
        ("its password", f"in {made.layout.password_file}"),
        ("its CA", str(made.layout.ca)),
        ("OVSDB", f"unix:{made.layout.ovsdb_socket}"),
        ("to use it", f"install -D -m 600 {config} /etc/nuage-chain/config.yaml"),
        ("to fill it", f"nuage-chain vsp seed{state}"),
        ("to try it", f"{inside}nuage-chain run --netconf conflists/10-nuage.conflist ip address"),
        ("to end it", f"nuage-chain vsp down{state}"),
    )
    return 0


def _down(args: argparse.Namespace) -> int:
    ran = node.down(args.state, environment=os.environ, deadline=Deadline(_DOWN), purge=args.purge)
    print("The embedded VSP is down." if ran else "The embedded VSP did not run.")
    return 0


def _status(args: argparse.Namespace) -> int:
    found = status.status(args.state, environment=os.environ, deadline=Deadline(_STATUS))
    if not found.processes:
        print(f"No embedded VSP in {found.state}.")
        return 1
    print(table(("process", "pid"), [(p.name, str(p.pid) if p.pid else "not running") for p in found.processes]))
    print()
    ports = "1 port" if found.ports == 1 else f"{found.ports} ports"
    _print_aligned(
        "",
        ("VSD", f"{found.vsd_url} {'answers' if found.vsd_answers else 'does not answer'}{_where(found.netns)}"),
        ("bridge", f"{found.bridge} ({found.datapath}), {ports}" if found.bridge else "not there"),
        ("controller", found.role or "not connected"),
    )
    print("Containers can be attached." if found.healthy else f"No container can be attached; see {found.state}/log.")
    return 0 if found.healthy else 1


def _seed(args: argparse.Namespace) -> int:
    wanted = _topology(args.file) if args.file else topology.DEMO
    settings, layout = load_settings(layout_of(args.state)), layout_of(args.state)
    if settings is None or not status.status(args.state, environment=os.environ, deadline=Deadline(_STATUS)).running:
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
        document = yaml.safe_load(path.read_bytes())
        topology.check(document)
    except OSError as e:
        raise IOFailure(f"{path} cannot be read: {e.strerror}.") from e
    except yaml.YAMLError as e:
        raise BadConfig(f"{path} is not YAML: {' '.join(str(e).split())}.") from e
    except BadConfig as e:
        raise BadConfig(f"{path}: {e.message}", hint="`nuage-chain vsp seed --help` shows how it has to look.") from e
    return dict(document)


def _where(namespace: str | None) -> str:
    return f" (in network namespace {namespace})" if namespace else ""


def _print_aligned(indent: str, *lines: tuple[str, str]) -> None:
    for name, value in lines:
        print(f"{indent}{name:<13} {value}")
