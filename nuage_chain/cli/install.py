"""`nuage-chain install` and `nuage-chain uninstall`."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from nuage_chain.attachment.state import World
from nuage_chain.audit import networks as configured
from nuage_chain.cli.joining import NETCONFPATH
from nuage_chain.cli.nodes import STATE
from nuage_chain.cli.numbers import seconds
from nuage_chain.errors import BadConfig, LimitedConnectivity, TryAgainLater
from nuage_chain.installation import distributions, interpreter, manifest, networks
from nuage_chain.installation.install import Installation, Wish
from nuage_chain.installation.manifest import NO_LIST, Choices, Manifest
from nuage_chain.installation.occupied import refuse_while_used
from nuage_chain.installation.place import CONFIG, CURRENT, Place, plugin_folders
from nuage_chain.installation.release import LIBRARY, Release
from nuage_chain.installation.uninstall import Removal
from nuage_chain.installation.units import Systemd
from nuage_chain.launcher import render

_INSTALL = """\
for example:
  nuage-chain install --dry-run
  nuage-chain install --wait 300              # as long as Open vSwitch and VRS may take to come up
  nuage-chain install --conflist 30-nuage-ptp.conflist
  nuage-chain install --root /mnt/image       # into an image; what needs the node itself is left for a run there

Run it again to complete, to repair or to upgrade an installation. docs/install.md tells what goes where.
"""
_UNINSTALL = """\
It takes away what `nuage-chain install` has put there, and nothing else. A configuration file or list that has been
edited stays in /etc/nuage-chain, and the journal in /var/lib/nuage-chain, unless --purge is given. An embedded VSP has
to be stopped before, and stays where it is: `nuage-chain vsp down --purge` removes it.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `install` and `uninstall`."""
    put = _parser(commands, "install", "put nuage-chain onto this node, or upgrade it", _INSTALL)
    put.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    put.add_argument(
        "--conflist",
        metavar="NAME",
        help=f"the ready list of plugins to publish, or `{NO_LIST}`"
        f" (default: as it was, at first {networks.DEFAULT}); the others: {', '.join(networks.names())}",
    )
    put.add_argument("--wait", type=seconds, default=0, metavar="SECONDS", help="how long the switch may take to work")
    put.add_argument(
        "--cni-bin",
        type=Path,
        action="append",
        default=[],
        metavar="FOLDER",
        help="where the runtime has its CNI plugins; may be repeated"
        " (default: as it was, at first each usual folder that has `bridge`)",
    )
    put.add_argument(
        "--python",
        type=Path,
        metavar="PATH",
        help="the interpreter that is to run it, of this version (default: as it was, at first the system's)",
    )
    put.set_defaults(run=_install)
    take = _parser(commands, "uninstall", "take nuage-chain away from this node", _UNINSTALL)
    take.add_argument("--force", action="store_true", help="even while containers are attached, or a VSP runs")
    take.add_argument("--purge", action="store_true", help="configuration, journal and memory as well")
    take.set_defaults(run=_uninstall)


def _parser(commands: Any, name: str, text: str, epilog: str) -> argparse.ArgumentParser:  # noqa: ANN401
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="FOLDER", help="an image's files, not this node"
    )
    parser.add_argument(
        "--networks",
        type=Path,
        metavar="FOLDER",
        help=f"where runtimes look for lists (default: as it was, at first {NETCONFPATH})",
    )
    return parser


def _install(args: argparse.Namespace) -> int:
    root = _root(args.root)
    before = manifest.load(Place(root, ())) or Manifest()
    chosen = _chosen(args, before.chosen)
    place = Place(root, plugin_folders(root, [Path(f) for f in chosen.plugins]), _networks(args.networks, before))
    name = _list(chosen, before, place)
    python = interpreter.find(root, Path(chosen.python) if chosen.python else None)
    launcher = render(Path("bin/python"), LIBRARY / "nuage_chain", current=CURRENT)
    wish = Wish(place, Release(python, distributions.collect()), launcher, name, args.wait, chosen)
    run = Installation(wish, World(socket.gethostname()), Systemd(), print)
    if args.dry_run:
        print("\n".join(run.missing()) or "Nothing is to be done.")
        return 0
    try:
        run.run()
    except (LimitedConnectivity, TryAgainLater) as e:
        e.hint = f"{e.hint} All else is in place; the list of plugins is published by `nuage-chain install --wait 300`."
        raise
    _tell_end(wish)
    return 0


def _tell_end(wish: Wish) -> None:
    print(f"nuage-chain {wish.release.name} is installed.")
    if not wish.network:
        return
    if not wish.place.live:
        print("The list of plugins is published by `nuage-chain install` on the node itself.")
        return
    examples = networks.examples(networks.ready(wish.network, wish.place))
    if examples:
        where = wish.place.networks / wish.network
        print(f"{where} has names of an example: {', '.join(examples)}. Put yours there, or into {CONFIG}.")


def _chosen(args: argparse.Namespace, before: Choices) -> Choices:
    return Choices(
        conflist=args.conflist or before.conflist,
        networks=str(args.networks or before.networks),
        plugins=[str(folder) for folder in args.cni_bin] or before.plugins,
        python=str(args.python or before.python),
    )


def _list(chosen: Choices, before: Manifest, place: Place) -> str:
    """The name of the list to publish, empty for none. Raises BadConfig where there is no such list."""
    if chosen.conflist == NO_LIST:
        return ""
    published = Path(before.networks[0]).name if before.networks else networks.DEFAULT
    name = chosen.conflist or published
    networks.check(name, place)
    return name


def _uninstall(args: argparse.Namespace) -> int:
    root = _root(args.root)
    found = manifest.load(Place(root, ()))
    place = Place(root, (), _networks(args.networks, found or Manifest()))
    if found is None:
        print("nuage-chain is not installed.")
        return 0
    look = _look(place) if place.live and not args.force else lambda: None
    look()
    Removal(place, found, Systemd(), print, args.purge, look).run()
    return 0


def _look(place: Place) -> Callable[[], None]:
    """Raises where the installation is used, by the lists that are there now; later they are gone."""
    world = World(socket.gethostname())
    return partial(refuse_while_used, configured.read(place.networks, world.hostname), world, STATE)


def _root(given: Path) -> Path:
    root = given.resolve()
    if not root.is_dir():
        raise BadConfig(f"{given} is not a folder.", hint="--root is the folder that has an image's /etc and /usr.")
    return root


def _networks(given: Path | None, before: Manifest) -> Path:
    """Where the lists are. given: by this call, None for where they were."""
    if given is not None and not given.is_absolute():
        raise BadConfig(
            f"{given} is not an absolute path.", hint="--networks is where the node's runtimes look for lists."
        )
    published = Path(before.networks[0]).parent if before.networks else Path(NETCONFPATH)
    return given or Path(before.chosen.networks or published)
