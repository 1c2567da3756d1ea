"""`nuage-chain agent`: the warm process behind the executable, and which way calls go."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any

from nuage_chain import bounded, relay
from nuage_chain.launcher import SOCKET

_SECONDS = 10.0


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse has no public type for this
    """`nuage-chain agent [run|status]`."""
    parser = commands.add_parser(
        "agent",
        help="do the calls of the CNI executable in one warm process",
        description="Does the calls of the CNI executable in one warm process, until it gets a SIGTERM. systemd starts"
        " it by nuage-chain-agent.socket. `status` says which way calls go now; its exit status is 1 without an agent.",
    )
    parser.add_argument("what", nargs="?", choices=("run", "status"), default="run", help="default: run")
    parser.add_argument("--socket", type=Path, default=SOCKET, metavar="PATH", help="default: %(default)s")
    parser.add_argument("--pidfile", type=Path, metavar="PATH", help="written when it takes calls")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serves, or tells of the one that serves."""
    if args.what == "status":
        return _status(args.socket)
    # What it imports is what takes long without it.
    from nuage_chain.agent import process

    process.run(args.socket, os.environ, args.pidfile)
    return 0


def _status(path: Path) -> int:
    try:
        about = ask(path)
    except (OSError, ValueError) as e:
        reason = (e.strerror if isinstance(e, OSError) else "") or "it does not answer"
        print(f"No agent at {path} ({reason}): the executable does each call itself, which takes longer.")
        return 1
    calls = ", ".join(f"{count} {verb}" for verb, count in sorted(about["calls"].items())) or "none yet"
    print(
        f"Calls go through the agent at {path}: version {about['version']}, process {about['process']}, for"
        f" {about['seconds']} s, {about['bytes'] / 1e6:.0f} MB.\n"
        f"Calls: {calls}; {about['running'] - 1} under way, {about['waiting']} waiting.\n"
        f"Kept open: {about['ovsdb']} connection(s) to OVSDB, {about['vsd']} session(s) with VSD."
    )
    return 0


def ask(path: Path) -> dict[str, Any]:
    """What the agent says of itself. Raises OSError, ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        agent.settimeout(_SECONDS)
        agent.connect(str(path))
        agent.sendall(relay.message("status", {}, b""))
        try:
            # A call that has to wait is told so again and again, which no timeout of the socket notices.
            return bounded.within(_SECONDS, lambda: _answer(agent))
        except bounded.TookTooLong:
            raise TimeoutError from None
        finally:
            with contextlib.suppress(OSError):
                agent.shutdown(socket.SHUT_RDWR)


def _answer(agent: socket.socket) -> dict[str, Any]:
    with agent.makefile("rb") as stream:
        line = stream.readline().lstrip(relay.ALIVE)
        if line[:2] != relay.ACCEPTED + relay.REPLY:
            raise ValueError(line)
        about = json.loads(stream.read(int(line[2:].split()[1])))
    assert isinstance(about, dict)  # noqa: S101 - the agent's own document
    return about
