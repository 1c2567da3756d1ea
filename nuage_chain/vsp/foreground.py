"""A daemon of the embedded VSP in the foreground: log, state directory, signals, pidfile."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from nuage_chain.errors import NuageChainError
from nuage_chain.vsp.layout import Layout, layout_of
from nuage_chain.vsp.settings import Settings, load_settings
from nuage_chain.whole_file import write_whole


class Service(Protocol):
    """What a daemon does."""

    async def run(self, ended: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `ended` is set; call `ready` when that works. Raises NuageChainError."""


def serve(program: str, description: str | None, make: Callable[[Layout, Settings], Service], argv: list[str]) -> int:
    """Run until SIGTERM; the exit status. The pidfile is written when the service is ready.

    program: the module's name, which is the logger's too. argv: `--state DIR --pidfile FILE`.
    """
    logger = logging.getLogger(program)
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--state", type=Path, required=True, help="the state directory of the embedded VSP")
    parser.add_argument("--pidfile", type=Path, required=True, help="written when ready")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        layout = layout_of(options.state)
        settings = load_settings(layout)
        if settings is None:
            logger.error("no embedded VSP was started in %s", layout.state)
            return 1
        asyncio.run(_until_ended(make(layout, settings), options.pidfile))
    except NuageChainError as e:
        logger.error("%s %s", e.message, e.hint)  # noqa: TRY400 - the sentence says it, a traceback does not
        return 1
    options.pidfile.unlink(missing_ok=True)
    return 0


def leave(status: int) -> None:
    """End the process at once: threads may still wait for VSD, and nothing they would do matters any more."""
    logging.shutdown()
    os._exit(status)


async def _until_ended(service: Service, pidfile: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)

    def ready() -> None:
        if not pidfile.exists():
            write_whole(pidfile, f"{os.getpid()}\n".encode())

    await service.run(ended, ready)
