"""`nuage-chain run COMMAND…`: a command in a private network namespace joined to networks, and no trace of it after.

In the manner of the well-known priv-net-run.sh. A guardian process cleans up even when this one is killed.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

from nuage_chain.cli import foreground, joining, occupants
from nuage_chain.cli.guard import Guard
from nuage_chain.cli.joint import Joint
from nuage_chain.cli.networks import described, path_of
from nuage_chain.cli.output import complain
from nuage_chain.cli.signals import held
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable, NuageChainError
from nuage_chain.vsp import place

_NETNS_SECONDS = 10
_ABOUT = """\
Run a command in a private network namespace joined to networks, and remove all of it when the command ends:
its attachments, processes it left behind in the namespace, the namespace itself.
"""
_EXAMPLES = """\
for example:
  nuage-chain run ip address
  nuage-chain run -v ping -c 3 10.10.1.1
  nuage-chain run --args NUAGE_SUBNET=api bash
  nuage-chain run --node 2 ping -c 3 10.10.1.2     # on node 2 of `nuage-chain vsp up --nodes 3`
  nuage-chain run --netconf conflists/10-nuage.conflist -- sh -c 'ip route; exit 7'

The exit status is the command's; 127 where there is no such command, 1 where the namespace could not be joined (or,
after a command that succeeded, not cleaned up). Plugins are looked for in the folders of CNI_PATH.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `run`."""
    parser = commands.add_parser(
        "run",
        help="run a command in a private network namespace joined to networks",
        description=_ABOUT,
        epilog=_EXAMPLES,
        usage="nuage-chain run [OPTION]... COMMAND [ARGUMENT]...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_verbose(parser)
    joining.add_arguments(parser)
    parser.add_argument("words", nargs=argparse.PARSER, metavar="COMMAND", help="the command and its arguments")
    parser.set_defaults(run=run)


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """The option -v, for `told`."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="say on stderr which addresses it got; twice (-vv): the CNI results as JSON",
    )


def run(args: argparse.Namespace) -> int:
    """The command's exit status; 128 and the signal's number where a signal ended it."""
    words = without_dashes(args.words)
    if trouble := foreground.trouble(words[0]):
        complain(NotAvailable(f"There is no command {words[0]!r} that can be run.", hint="Nothing was joined."))
        return trouble
    name = f"nuage-run-{secrets.token_hex(6)}"
    joint = joining.joint(args, path_of(name), name, os.environ)
    guard = Guard(partial(_clean_up, joint, name))
    try:
        place.make(name, os.environ, Deadline(_NETNS_SECONDS))
        tell(joint, joint.join(lambda count: guard.say(str(count))), args.verbose)
        status = foreground.run(["ip", "netns", "exec", name, *words])
    finally:
        with held():
            clean = guard.finish()
    return status if clean else status or 1


def without_dashes(words: Sequence[str]) -> list[str]:
    """A command line without the `--` that may stand before it."""
    return list(words[1:] if words[0] == "--" else words)


def tell(joint: Joint, results: Sequence[dict[str, Any]], verbose: int) -> None:
    """What the namespace got, on standard error: the other one is the command's."""
    if verbose:
        print(described(joint, results) if verbose == 1 else json.dumps(results, indent=2), file=sys.stderr)


def _clean_up(joint: Joint, name: str, joined: str) -> bool:
    if place.exists(name):
        occupants.end(joint.netns)
    errors = joint.leave(int(joined or 0))
    try:
        place.remove(name, os.environ, Deadline(_NETNS_SECONDS))
    except NuageChainError as e:
        errors.append(e)
    for error in errors:
        complain(error)
    return not errors
