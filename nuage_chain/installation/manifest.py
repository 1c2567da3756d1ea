"""What an installation has put on a node, so that it can be taken away again, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.errors import BadConfig
from nuage_chain.installation.items import File
from nuage_chain.installation.place import HOME, MANIFEST, Place


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


def load(place: Place) -> Manifest | None:
    """None where nothing is installed. Raises BadConfig, OSError."""
    path = place.at(MANIFEST)
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        return Manifest(**found)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as e:
        raise BadConfig(f"{path} is not the record of an installation: {e}.", hint=f"Move {path} away.") from e


def store(manifest: Manifest, place: Place) -> None:
    """Replaces it. Raises OSError."""
    place.at(HOME).mkdir(parents=True, exist_ok=True)
    text = json.dumps(dataclasses.asdict(manifest), indent=2, sort_keys=True) + "\n"
    record = File(MANIFEST, text.encode())
    if not record.is_there(place):
        record.put(place)
