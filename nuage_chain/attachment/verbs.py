"""The verbs of the plugin as a table: what `cni.plugin.answer` calls for each CNI_COMMAND."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from nuage_chain.attachment.add import add
from nuage_chain.attachment.check import check
from nuage_chain.attachment.delete import delete
from nuage_chain.attachment.gc import gc
from nuage_chain.attachment.state import World
from nuage_chain.attachment.status import status
from nuage_chain.attachment.traces import traced
from nuage_chain.cni.plugin import Handler
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Result

_TRACED = ("ADD", "DEL")
_VERBS: Mapping[str, Callable[[Request, World, Path | None], Result | None]] = {
    "ADD": add,
    "DEL": delete,
    "CHECK": check,
    "STATUS": status,
    "GC": gc,
}


def handlers(
    world: World | None = None,
    config_file: Path | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
    way: str = "direct",
) -> dict[str, Handler]:
    """A handler for each verb but VERSION, on the real world unless another is given.

    environ: of the call, for TRACEPARENT. way: by which it came, `agent` or `direct`.
    """
    surroundings = world or World(hostname=socket.gethostname())

    def bound(verb: Callable[[Request, World, Path | None], Result | None]) -> Handler:
        return lambda request: verb(request, surroundings, config_file)

    all_of_them = {name: bound(verb) for name, verb in _VERBS.items()}
    return all_of_them | {name: traced(all_of_them[name], surroundings.clock, environ, way) for name in _TRACED}
