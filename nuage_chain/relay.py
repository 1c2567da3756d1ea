"""The executable that a runtime calls: reads the call, has it done, prints one JSON document.

Whatever happens, standard output carries that document and nothing else: it is taken away from everybody before the
first import, and an ImportError or a SIGTERM ends in a CNI error like any other failure ("netplugin failed with no
error message": cni #777, cri-o #6984).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from nuage_chain.cni.plugin import Handler

_ABOUT = """\
nuage-chain {version}: a CNI plugin for containers on a Nuage VSP overlay, called by a container runtime.
It speaks CNI {versions}. By hand, use `nuage-chain run` and `nuage-chain --help`.
"""
# Past a call's own deadline, and the seconds that cleaning up may take, an alarm ends whatever hangs all the same.
_ALARM_AFTER = 20
_LONGEST = 620


class _Stopped(BaseException):
    """A signal asked the process to end; not an Exception, so that nothing on the way swallows it."""


def main() -> NoReturn:
    """The process: its environment, its streams, its exit status."""
    stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, _stop)
    signal.alarm(_LONGEST)
    try:
        text, status = _call(os.environ, sys.stderr)
    except _Stopped as e:
        text, status = _last_words(11, str(e), "Try again later.")
    except BaseException as e:  # noqa: BLE001 - an import that fails has to be told to the runtime as well
        text, status = _last_words(199, f"nuage-chain cannot run: {type(e).__name__}: {e}", "Install it again.")
    stdout.write(text)
    stdout.flush()
    os._exit(status)


def _call(environ: Mapping[str, str], stderr: TextIO) -> tuple[str, int]:
    from nuage_chain import __version__
    from nuage_chain.cni import plugin, versions

    if "CNI_COMMAND" not in environ and sys.stdin.isatty():
        stderr.write(_ABOUT.format(version=__version__, versions=", ".join(versions.SUPPORTED)))
    stdin = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    if environ.get("CNI_COMMAND") == "VERSION":
        reply = plugin.answer(environ, stdin, {}, _report)
    else:
        reply = plugin.answer(environ, stdin, _handlers(), _report)
    return reply.stdout, reply.status


def _handlers() -> dict[str, Handler]:
    import math
    import socket

    from nuage_chain.attachment.state import World
    from nuage_chain.attachment.verbs import handlers
    from nuage_chain.deadline import Deadline

    def deadline(seconds: float) -> Deadline:
        signal.alarm(math.ceil(seconds) + _ALARM_AFTER)
        return Deadline(seconds)

    return handlers(World(hostname=socket.gethostname(), deadline=deadline))


def _report(error: BaseException) -> None:
    """The runtime keeps our standard error in its log: there a fault of ours is told in full."""
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stopped(f"The call was ended by {signal.Signals(number).name} and rolled back.")


def _last_words(code: int, message: str, hint: str) -> tuple[str, int]:
    import json

    return json.dumps({"cniVersion": "1.0.0", "code": code, "msg": message, "details": hint}) + "\n", 1


if __name__ == "__main__":
    main()
