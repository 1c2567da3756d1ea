"""`nuage-chain doctor`: whether this node can attach containers, and if not, why."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nuage_chain.attachment.lint import ERROR, configurations, lint
from nuage_chain.attachment.rules import RULES
from nuage_chain.attachment.state import World
from nuage_chain.audit import doctor, networks
from nuage_chain.audit.doctor import OK, PROBLEM, WARNING, Finding
from nuage_chain.cli import agent
from nuage_chain.cli.joining import NETCONFPATH, plugin_dirs
from nuage_chain.errors import NuageChainError
from nuage_chain.launcher import SOCKET

_SIGNS = {OK: "ok", WARNING: "WARNING", PROBLEM: "PROBLEM"}
_EXAMPLES = """\
for example:
  nuage-chain doctor           # each part of the way of an ADD, and what to do where it does not work
  nuage-chain doctor --json

It changes nothing; a broken file of the journal or of the audit's memory is put aside. The exit status is 1 when there
is a problem, and 0 when there is none or there are warnings only.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `doctor`."""
    text = "look whether this node can attach containers, and say why not"
    parser = commands.add_parser(
        "doctor",
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print the findings, a list, as JSON")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the node's configuration file")
    parser.add_argument(
        "--socket", type=Path, default=SOCKET, metavar="PATH", help="the agent's (default: %(default)s)"
    )
    parser.add_argument(
        "--networks",
        type=Path,
        default=Path(os.environ.get("NETCONFPATH") or NETCONFPATH),
        metavar="FOLDER",
        help="the network configurations (default: NETCONFPATH, else %(default)s)",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    found = list(_examined(args))
    if args.json:
        print(json.dumps([dataclasses.asdict(one) for one in found], indent=2))
    else:
        for one in found:
            print(f"{_SIGNS[one.state]:<8}{one.part}: {one.says}")
            if one.remedy and one.state != OK:
                print(f"{'':<8}  {one.remedy}")
    return 1 if doctor.worst(found) == PROBLEM else 0


def _examined(args: argparse.Namespace) -> Iterator[Finding]:
    hostname = socket.gethostname()
    yield _way(args.socket)
    try:
        known = networks.read(args.networks, hostname, args.config, strict=True)
    except NuageChainError as e:
        yield Finding("configuration", PROBLEM, e.message, e.hint)
        return
    yield from _lists(args.networks)
    yield from doctor.examine(known, World(hostname))


def _way(path: Path) -> Finding:
    """By which way calls go now."""
    try:
        about = agent.ask(path)
    except (OSError, ValueError) as e:
        reason = (e.strerror if isinstance(e, OSError) else "") or "it does not answer"
        says = f"There is none at {path} ({reason}): the executable does each call itself, which takes longer."
        return Finding("agent", WARNING, says, "systemctl enable --now nuage-chain-agent.socket")
    return Finding("agent", OK, f"Calls go through process {about['process']}, version {about['version']}.")


def _lists(folder: Path) -> Iterator[Finding]:
    files = configurations(folder) if folder.is_dir() else []
    for one in lint(files, plugin_dirs(os.environ), RULES):
        yield Finding(one.file, PROBLEM if one.severity == ERROR else WARNING, one.message, one.remedy)
