"""`python -m nuage_chain.vsp.vsd`: the VSD server in the foreground until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from nuage_chain.errors import BadConfig, IOFailure, NuageChainError
from nuage_chain.vsp.vsd.behaviour import behaviour_of
from nuage_chain.vsp.vsd.server import CERT_PORT, PORT, VsdServer

# Run with -m this module is called __main__, which is under no logger of ours.
LOG = logging.getLogger("nuage_chain.vsp.vsd")


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; the exit status."""
    options = _parser().parse_args(arguments)
    _log_to(options.log)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    try:
        _serve(options, ended)
    except NuageChainError as error:
        LOG.critical("%s %s", error.message, error.hint)
        return 1
    return 0


def _serve(options: argparse.Namespace, ended: threading.Event) -> None:
    state: Path = options.state
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise IOFailure(f"Cannot make the state directory {state}: {error}") from error
    password = _password(options.password_file)
    with VsdServer(
        state / "vsd.db",
        state / "tls",
        options.host,
        options.port,
        options.cert_port,
        password=password,
        names=options.name,
        behaviour=behaviour_of(options.set),
    ) as server:
        LOG.info("VSD is ready at %s and %s", server.url, server.cert_url)
        if options.pidfile is not None:
            _write_pid(options.pidfile)
        ended.wait()
    if options.pidfile is not None:
        options.pidfile.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nuage_chain.vsp.vsd", description="The embedded VSD server.")
    parser.add_argument("--state", type=Path, required=True, help="directory of vsd.db and tls/")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=PORT, help="port for passwords and API keys; 0 takes a free one")
    parser.add_argument("--cert-port", type=int, default=CERT_PORT, help="port for client certificates")
    parser.add_argument("--password-file", type=Path, help="csproot's first password; needed for a new state directory")
    parser.add_argument("--pidfile", type=Path, help="written when both ports take connections, removed at the end")
    parser.add_argument("--log", type=Path, help="file to log to instead of standard error")
    parser.add_argument("--name", action="append", default=[], help="further name for the server's certificate")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="see docs/vsd.md")
    return parser


def _password(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        password = path.read_text(encoding="utf-8").rstrip("\n")
    except OSError as error:
        raise IOFailure(f"Cannot read the password file {path}: {error}") from error
    if not password:
        raise BadConfig(f"The password file {path} is empty.", hint="Put csproot's password in it.")
    return password


def _log_to(path: Path | None) -> None:
    handler = logging.StreamHandler(sys.stderr) if path is None else logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("nuage_chain")
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def _write_pid(path: Path) -> None:
    """Whole or not at all: whoever waits for the file may read it at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{os.getpid()}\n", encoding="ascii")
    draft.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
