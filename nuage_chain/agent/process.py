"""The agent as a process."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import ovs.poller

from nuage_chain.agent.listening import listening
from nuage_chain.agent.server import Server
from nuage_chain.agent.service import Service

# Of mallopt(3). glibc gives each of the many short-lived threads a share of memory of its own, and the whole grows.
_M_ARENA_MAX, _ARENAS = -8, 2


def run(path: Path, environ: Mapping[str, str], pidfile: Path | None = None) -> None:
    """Serves until SIGTERM, SIGINT or SIGHUP, and then to the end of the calls under way.

    environ: systemd's variables; calls bring their own. pidfile: written once it listens.
    Raises NotAvailable, IOFailure.
    """
    with listening(path, environ) as listener:
        # What we were started with is for no call: not a proxy, not a folder of certificates.
        os.environ.clear()
        # The library's own is select(2), which cannot do with more than 1024 descriptors.
        ovs.poller.SelectPoll = select.poll
        # And so the soft limit is 1024, while a burst of calls needs more.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        server = Server(listener, Service(log), log)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: server.stop())
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
        # What is there now stays: no collection needs to look at it again.
        gc.collect()
        gc.freeze()
        if pidfile is not None:
            _write_pid(pidfile)
        server.run()


def _write_pid(path: Path) -> None:
    """Whole or not at all: whoever waits for the file may read it at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{os.getpid()}\n")
    draft.replace(path)


def log(text: str) -> None:
    """A line on standard error, which systemd's journal keeps."""
    sys.stderr.write(f"{text.rstrip()}\n")
    sys.stderr.flush()
