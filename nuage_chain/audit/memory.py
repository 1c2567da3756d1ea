"""What the audit remembers from one run to the next: whole attachments, and since when something looks stale.

Time is counted since the boot (CLOCK_BOOTTIME), so that a wall clock that jumps makes nothing older. A file that cannot
be read is "nothing was seen before", which errs on keeping.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nuage_chain.attachment.settings import Settings
from nuage_chain.audit import calls
from nuage_chain.audit.calls import Calls
from nuage_chain.audit.facts import Key, Sighting
from nuage_chain.errors import IOFailure
from nuage_chain.vrs.whole import as_text, from_text

_FORMAT = 1


@dataclass(frozen=True)
class Memory:
    """suspects: seconds since the boot at which each first looked stale. boot: the one that they are counted in.

    counted: of the calls' traces. succeeded: when an audit last had no failure, Unix seconds, 0 for never.
    """

    boot: str = ""
    suspects: Mapping[Key, float] = field(default_factory=dict)
    attached: Mapping[Key, Sighting] = field(default_factory=dict)
    counted: Calls = field(default_factory=Calls)
    succeeded: float = 0.0


def file_of(node: Settings) -> Path:
    """Where the audit of a node with these settings remembers."""
    return Path(node.text("stateDir")) / "audit.json"


def load(path: Path) -> Memory:
    """What was stored; an empty memory where there is no file, or none of ours (which is put aside)."""
    try:
        return _memory(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return Memory()
    except OSError as e:
        raise IOFailure(f"The audit's memory {path} cannot be read: {e.strerror}.") from e
    except (ValueError, TypeError, KeyError, AttributeError):
        with contextlib.suppress(OSError):
            path.rename(path.with_suffix(".broken"))
        return Memory()


def store(path: Path, memory: Memory) -> None:
    """On disk and whole, or as it was before. Raises IOFailure."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "w", opener=_private) as file:
            json.dump(_document(memory), file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as e:
        raise IOFailure(f"The audit's memory {path} cannot be written: {e.strerror}.") from e


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _document(memory: Memory) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "boot": memory.boot,
        "calls": memory.counted.document(),
        "succeeded": memory.succeeded,
        "suspects": [[*key, since] for key, since in memory.suspects.items()],
        "attached": [
            {
                "container": key[0], "ifname": key[1], "network": seen.network, "call": seen.call, "boot": seen.boot,
                "netns": seen.netns, "port": as_text(seen.port), "index": seen.index, "listed": sorted(seen.listed),
            }
            for key, seen in memory.attached.items()
        ],
    }  # fmt: skip


def _memory(document: dict[str, Any]) -> Memory:
    if document["format"] != _FORMAT:
        raise ValueError(document["format"])
    attached = {
        (one["container"], one["ifname"]): Sighting(
            one["network"], one["call"], one["boot"], one["netns"], from_text(one["port"]), one["index"],
            frozenset(one["listed"]),
        )
        for one in document["attached"]
    }  # fmt: skip
    suspects = {(container, ifname): float(since) for container, ifname, since in document["suspects"]}
    return Memory(document["boot"], suspects, attached, calls.read(document["calls"]), document["succeeded"])
