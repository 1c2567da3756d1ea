"""`nuage-chain docker-run ARGUMENT…`: `docker run` on the networks of CNI, and no trace of them after.

In the manner of the well-known docker-run.sh: a container without a network holds the namespace, which is joined to
the networks; Docker then runs the other one in it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nuage_chain.cli import foreground, joining
from nuage_chain.cli.guard import Guard
from nuage_chain.cli.joint import Joint
from nuage_chain.cli.networks import enterable
from nuage_chain.cli.output import complain
from nuage_chain.cli.run import add_verbose, tell, without_dashes
from nuage_chain.cli.signals import held
from nuage_chain.errors import NotAvailable, NuageChainError

_IMAGE = "busybox:latest"
_LABEL = "nuage-chain=holder"
# In a holder image's own `sleep`: some have no `infinity`.
_FOR_EVER = "2147483647"
_ANSWER, _PULL, _STOP = 20, 300, 30
# A request that the daemon had received when its client was killed is done a moment later.
_LATE = 3.0
_NOTHING_JOINED = json.dumps(["", "", 0])
_ABOUT = """\
Run a container by `docker run`, joined to the networks of CNI in place of Docker's own, and take all of it off again
when it ends. A second container, made and removed by this command, holds the network namespace.
"""
_EXAMPLES = """\
for example:
  nuage-chain docker-run -- --rm busybox ip address
  nuage-chain docker-run -v --args NUAGE_SUBNET=api -- --rm -it debian bash

The exit status is that of `docker run`. Without -d, since the networks go when `docker run` ends. The holder's image
is DOCKER_HOLDER_IMAGE, by default busybox:latest; any that has `sleep` will do. Docker's daemon has to be on this
machine.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `docker-run`."""
    parser = commands.add_parser(
        "docker-run",
        help="run a Docker container joined to networks",
        description=_ABOUT,
        epilog=_EXAMPLES,
        usage="nuage-chain docker-run [OPTION]... -- [OPTION OF docker run]... IMAGE [COMMAND]...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_verbose(parser)
    joining.add_arguments(parser)
    parser.add_argument("words", nargs=argparse.PARSER, metavar="IMAGE", help="what follows `docker run`")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The exit status of `docker run`; 128 and the signal's number where a signal ended it."""
    name = f"nuage-chain-{secrets.token_hex(6)}"
    joint = joining.joint(args, "", name, os.environ)
    _docker("version", "--format", "{{.Server.Version}}")
    cidfile = Path(tempfile.gettempdir()) / f"{name}.cid"
    guard = Guard(partial(_clean_up, joint, name, cidfile))
    try:
        try:
            container_id = _hold(name, os.environ.get("DOCKER_HOLDER_IMAGE") or _IMAGE)
        finally:
            guard.say(_NOTHING_JOINED)
        netns = _netns_of(name)
        joint = replace(joint, netns=netns, container_id=args.container_id or container_id)
        results = joint.join(lambda count: guard.say(json.dumps([joint.container_id, netns, count])))
        tell(joint, results, args.verbose)
        own = [f"--net=container:{container_id}", f"--cidfile={cidfile}"]
        status = foreground.run(["docker", "run", *own, *without_dashes(args.words)])
    finally:
        with held():
            clean = guard.finish()
    return status if clean else status or 1


def _hold(name: str, image: str) -> str:
    """Starts the holder and returns its ID; not to be interrupted, or a container would come up that nobody awaits."""
    with held():
        try:
            return _docker(
                *("run", "--detach", "--name", name, "--label", _LABEL, "--env", f"HOLDER={name}", "--net=none"),
                *("--entrypoint", "sleep", image, _FOR_EVER),
                seconds=_PULL,
            ).strip()
        except NotAvailable as e:
            e.hint = f"This was to hold the network namespace, of image {image}: DOCKER_HOLDER_IMAGE names another one."
            raise


def _netns_of(name: str) -> str:
    """The path of the holder's network namespace. Raises NotAvailable where its process is not on this machine."""
    pid = _docker("inspect", "--format", "{{.State.Pid}}", name).strip()
    try:
        is_it = f"HOLDER={name}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        is_it = False
    if not is_it:
        raise NotAvailable(
            "The container that holds the network namespace does not run here.",
            hint="Docker's daemon has to be on this machine and in its process namespace: look at DOCKER_HOST.",
        )
    netns = f"/proc/{pid}/ns/net"
    enterable(netns)
    return netns


def _clean_up(joint: Joint, name: str, cidfile: Path, said: str) -> bool:
    container_id, netns, count = json.loads(said or _NOTHING_JOINED)
    errors = _trying(lambda: _stop_user(cidfile))
    errors += replace(joint, container_id=container_id, netns=netns).leave(count)
    errors += _trying(lambda: _remove_holder(name, 0 if said else _LATE))
    for error in errors:
        complain(error)
    return not errors


def _trying(step: Callable[[], None]) -> list[NuageChainError]:
    try:
        step()
    except NuageChainError as e:
        return [e]
    return []


def _stop_user(cidfile: Path) -> None:
    """Stops the container of `docker run` where it still runs: its client was killed, or was given -d."""
    try:
        container_id = cidfile.read_text().strip()
    except OSError:
        return
    cidfile.unlink()
    running = container_id and container_id in _docker("ps", "--quiet", "--no-trunc")
    if running:
        _docker("stop", "-t", "3", container_id, seconds=_STOP)
        raise NotAvailable(
            f"Container {container_id[:12]} still ran when `docker run` ended, and was stopped: its networks are gone.",
            hint="Leave out -d, so that `docker run` stays as long as the container.",
        )


def _remove_holder(name: str, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        there = _docker("ps", "--all", "--quiet", "--filter", f"name=^{name}$").strip()
        if there:
            _docker("rm", "--force", "--volumes", name, seconds=_STOP)
        if there or time.monotonic() >= end:
            return
        time.sleep(_LATE / 10)


def _docker(*words: str, seconds: float = _ANSWER) -> str:
    """What docker prints; in a session of its own, out of reach of a Ctrl-C. Raises NotAvailable with its words."""
    try:
        done = subprocess.run(
            ["docker", *words], capture_output=True, text=True, timeout=seconds, check=False, start_new_session=True
        )
    except FileNotFoundError as e:
        raise NotAvailable("There is no `docker` here.", hint="Install Docker, or use `nuage-chain run`.") from e
    except subprocess.TimeoutExpired as e:
        raise NotAvailable(f"`docker {words[0]}` did not end within {seconds:g} s.", hint="Is its daemon well?") from e
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise NotAvailable(f"`docker {words[0]}` failed: {said}", hint="Is its daemon up, and DOCKER_HOST right?")
    return done.stdout
