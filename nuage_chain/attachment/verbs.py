"""The verbs of the plugin as a table: what `cni.plugin.answer` calls for each CNI_COMMAND."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from nuage_chain.attachment.add import add
from nuage_chain.attachment.check import check
from nuage_chain.attachment.delete import delete
from nuage_chain.attachment.gc import gc
from nuage_chain.attachment.state import World
from nuage_chain.attachment.status import status
from nuage_chain.cni.plugin import Handler
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Result

_VERBS: Mapping[str, Callable[[Request, World, Path | None], Result | None]] = {
    "ADD": add,
    "DEL": delete,
    "CHECK": check,
    "STATUS": status,
    "GC": gc,
}


def handlers(world: World | None = None, config_file: Path | None = None) -> dict[str, Handler]:
    """A handler for each verb but VERSION, on the real world unless another is given."""
    surroundings = world or World(hostname=socket.gethostname())

    def bound(verb: Callable[[Request, World, Path | None], Result | None]) -> Handler:
        return lambda request: verb(request, surroundings, config_file)

    return {name: bound(verb) for name, verb in _VERBS.items()}
