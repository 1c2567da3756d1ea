"""`python -m nuage_chain.vsp.resolver --state DIR --pidfile FILE`: resolve until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from nuage_chain.errors import NuageChainError
from nuage_chain.vsp.layout import Layout, Settings, layout_of, load_settings, write_private
from nuage_chain.vsp.resolver.service import Service

logger = logging.getLogger("nuage_chain.vsp.resolver")


def main(argv: list[str]) -> int:
    """Run in the foreground; the pidfile is written when the switch has taken us as its controller."""
    parser = argparse.ArgumentParser(prog="nuage_chain.vsp.resolver", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the state directory of the embedded VSP")
    parser.add_argument("--pidfile", type=Path, required=True, help="written when ready")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    try:
        layout = layout_of(options.state)
        settings = load_settings(layout)
        if settings is None:
            logger.error("no embedded VSP was started in %s", layout.state)
            return 1
        asyncio.run(_serve(layout, settings, options.pidfile))
    except NuageChainError as e:
        logger.error("%s %s", e.message, e.hint)  # noqa: TRY400 - the sentence says it, a traceback does not
        return 1
    options.pidfile.unlink(missing_ok=True)
    return 0


async def _serve(layout: Layout, settings: Settings, pidfile: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)

    def ready() -> None:
        if not pidfile.exists():
            write_private(pidfile, f"{os.getpid()}\n")

    await Service(layout, settings).run(ended, ready)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    # Threads may still wait for VSD, one of them in a long poll: nothing they would do matters any more.
    logging.shutdown()
    os._exit(status)
