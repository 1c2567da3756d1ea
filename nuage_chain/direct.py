"""A call done by a process of its own, as its environment and streams say: the way without an agent.

Whatever happens, standard output carries one JSON document and nothing else: it is taken away from everybody before
the first import, and an ImportError or a SIGTERM ends in a CNI error like any other failure ("netplugin failed with no
error message": cni #777, cri-o #6984).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from nuage_chain.cni.plugin import Handler

_ABOUT = """\
nuage-chain {version}: a CNI plugin for containers on a Nuage VSP overlay, called by a container runtime.
CNI protocol versions supported: {versions}
By hand, use `nuage-chain run` and `nuage-chain --help`.
"""
# Past a call's own deadline, and the seconds that cleaning up may take, an alarm ends whatever hangs all the same.
_ALARM_AFTER = 20
# How long it takes at most until the call's own deadline is known: imports, and the runtime's writing of our input.
_TO_READ = 30
_TO_START = _TO_READ + _ALARM_AFTER
# What VERSION is asked with is of little interest, and libcni's own plugins do not read it.
_TO_READ_VERSION = 2


class _Stopped(BaseException):
    """A signal asked the process to end; not an Exception, so that nothing on the way swallows it."""


def main(lost: str = "", trouble: str = "") -> NoReturn:
    """The process: its environment, its streams, its exit status.

    lost: the token of an ADD that the agent had accepted and never answered. It is not done, but taken back.
    trouble: why the agent, of which there is a socket, was of no use; for who asks by STATUS.
    """
    try:
        out = _take_stdout()
        if trouble:
            _complain(f"nuage-chain: Calls are done by a process each, which takes longer. No agent at {trouble}.\n")
        text, status = _outcome(lost)
        signal.alarm(_ALARM_AFTER)
        _write(out, text)
    except BaseException as e:  # noqa: BLE001 - a runtime that cannot be told anything is told by the exit status
        status = 1
        _complain(f"nuage-chain cannot answer: {type(e).__name__}: {e}\n")
    os._exit(status)


def _outcome(lost: str) -> tuple[str, int]:
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(number, _stop)
        # The relay has held back what came while this interpreter started.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
        signal.alarm(_TO_START)
        return _call(os.environ, lost)
    except _Stopped as e:
        return _last_words(11, str(e), "Try again later.")
    except OSError as e:
        return _last_words(5, f"nuage-chain cannot run: {e}.", "Check the limits of the runtime's service.")
    except BaseException as e:  # noqa: BLE001 - an import that fails has to be told to the runtime as well
        return _last_words(199, f"nuage-chain cannot run: {type(e).__name__}: {e}", "Install it again.")


def _take_stdout() -> int:
    """A descriptor for our answer alone; what anybody else prints goes to standard error.

    A closed descriptor is filled in such a way that its use still fails: otherwise the next file or socket that is
    opened would take its place, and be read or written as if it was a standard stream.
    """
    for number, flags in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - it stays open as long as the process
    out = os.dup(1)
    os.dup2(2, 1)
    return out


def _call(environ: Mapping[str, str], lost: str) -> tuple[str, int]:
    from nuage_chain import __version__
    from nuage_chain.cni import plugin, versions
    from nuage_chain.errors import NuageChainError

    command = environ.get("CNI_COMMAND")
    if not command:
        # Somebody looks what this program is: skel tells it on standard error, and that is no error.
        _complain(_ABOUT.format(version=__version__, versions=", ".join(versions.SUPPORTED)))
        return "", 0
    try:
        stdin = _stdin(_TO_READ_VERSION if command == "VERSION" else _TO_READ)
    except NuageChainError as e:
        if command != "VERSION":
            reply = plugin.error(e, versions.LATEST)
            return reply.stdout, reply.status
        stdin = b""
    reply = plugin.answer(environ, stdin, {} if command == "VERSION" else _handlers(environ, lost), _report)
    return reply.stdout, reply.status


def _stdin(seconds: float) -> bytes:
    from nuage_chain.cni.document import MAX_BYTES
    from nuage_chain.cni.stream import read_all

    return b"" if os.isatty(0) else read_all(0, seconds, MAX_BYTES)


def _handlers(environ: Mapping[str, str], lost: str) -> dict[str, Handler]:
    import math
    import socket

    from nuage_chain.attachment.lost import refused
    from nuage_chain.attachment.state import World
    from nuage_chain.attachment.verbs import handlers
    from nuage_chain.deadline import Deadline

    def deadline(seconds: float) -> Deadline:
        signal.alarm(math.ceil(seconds) + _ALARM_AFTER)
        return Deadline(seconds)

    world = World(hostname=socket.gethostname(), deadline=deadline, stands=_ignore_signals)
    if lost:
        return {"ADD": lambda request: refused(request, lost, world)}
    return handlers(world, environ=environ)


def _report(error: BaseException) -> None:
    """The runtime keeps our standard error in its log: there a fault of ours is told in full."""
    import traceback

    _complain("".join(traceback.format_exception(error)))


def _complain(text: str) -> None:
    try:
        os.write(2, text.encode("utf-8", "replace"))
    except OSError:
        return


def _write(out: int, text: str) -> None:
    left = memoryview(text.encode("utf-8", "replace"))
    while left:
        left = left[os.write(out, left) :]


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second one must not break off the rollback that the first has started. Only an alarm may.
    _ignore_signals()
    signal.alarm(_ALARM_AFTER)
    raise _Stopped(f"The call was ended by {signal.Signals(number).name} and rolled back.")


def _ignore_signals() -> None:
    # A signal that came before is handled in here, and its exception raised.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _last_words(code: int, message: str, hint: str) -> tuple[str, int]:
    import json

    return json.dumps({"cniVersion": "1.0.0", "code": code, "msg": message, "details": hint}) + "\n", 1
