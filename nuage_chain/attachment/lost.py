"""An ADD whose answer nobody will get: it is taken back, and never done a second time."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from nuage_chain.attachment import identity, settings, sources
from nuage_chain.attachment.delete import remove_call
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.errors import NuageChainError, TryAgainLater


def take_back(request: Request, call: str, world: World, config_file: Path | None = None) -> None:
    """The ADD of that token is "not there", and nothing else has changed. Waits until it has ended.

    Raises Busy, and what DEL raises.
    """
    found = settings.merge(sources.layers(request, config_file=config_file, strict=False), world.hostname)
    remove_call(identity.of(request, found.owner), call, found, world, world.deadline(found.timeout))


def refused(request: Request, call: str, world: World) -> NoReturn:
    """The handler of an ADD that the agent had accepted before it ended. Raises TryAgainLater."""
    error = TryAgainLater("The agent ended before it had answered; what it had done is taken back.")
    try:
        take_back(request, call, world)
    except NuageChainError as e:
        error.add(f"But not all of it: {e.message}")
    raise error
