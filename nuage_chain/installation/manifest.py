"""What an installation has put on a node, so that it can be taken away again, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.errors import BadConfig
from nuage_chain.installation.items import File
from nuage_chain.installation.place import HOME, MANIFEST, Place

NO_LIST = "none"
"""In place of a list's name: none is to be published."""


@dataclass
class Choices:
    """What people have said at installations, each empty where they have not: the next one goes by it.

    conflist: a list's name, or NO_LIST. networks: the folder of lists. plugins: those of plugins. python: the
    interpreter.
    """

    conflist: str = ""
    networks: str = ""
    plugins: list[str] = field(default_factory=list)
    python: str = ""


@dataclass
class Manifest:
    """Paths on the node. Written before something is put there, so that what a killed run has left is known too.

    current, previous: names of versions. running: the one that systemd's services were last started with.
    files: each with its digest when it was put there. enabled: units that have been enabled once; whether they stay so
    is the administrator's business. networks: lists that were published.
    """

    current: str = ""
    previous: str = ""
    running: str = ""
    files: dict[str, str] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    enabled: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    chosen: Choices = field(default_factory=Choices)


def load(place: Place) -> Manifest | None:
    """None where nothing is installed. Raises BadConfig, OSError."""
    path = place.at(MANIFEST)
    try:
        found = _known(Manifest, json.loads(path.read_text()))
        return Manifest(**{**found, "chosen": Choices(**_known(Choices, found.get("chosen", {})))})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as e:
        raise BadConfig(f"{path} is not the record of an installation: {e}.", hint=f"Move {path} away.") from e


def store(manifest: Manifest, place: Place) -> None:
    """Replaces it. Raises OSError."""
    place.at(HOME).mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(manifest), indent=2, sort_keys=True) + "\n"
    record = File(MANIFEST, text.encode())
    if not record.is_there(place):
        record.put(place)


def _known(kind: type, found: dict[str, Any]) -> dict[str, Any]:
    """Without what a later version has recorded besides: one may go back to this one."""
    names = {one.name for one in dataclasses.fields(kind)}
    return {name: value for name, value in found.items() if name in names}
