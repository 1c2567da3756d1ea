"""What an entity's row says of its life, in VSD's words (vrs-ovsdb.md 3.1 and 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_RUNNING = ("UNKNOWN", "BOOTED", "MIGRATED", "RESTORED", "FROM_SNAPSHOT", "UNPAUSED", "MIGRATION_CANCELED")
_PAUSED = ("UNKNOWN", "USER", "MIGRATION", "SAVE", "DUMP", "IOERROR", "WATCHDOG", "FROM_SNAPSHOT", "SHUTTING_DOWN")
_SHUTOFF = ("UNKNOWN", "SHUTDOWN", "DESTROYED", "CRASHED", "MIGRATED", "SAVED", "FAILED", "FROM_SNAPSHOT")

STATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("NOSTATE", ()),
    ("RUNNING", (*_RUNNING, "SAVE_CANCELED")),
    ("BLOCKED", ()),
    ("PAUSED", _PAUSED),
    ("SHUTDOWN", ("UNKNOWN", "USER")),
    ("SHUTOFF", _SHUTOFF),
    ("CRASHED", ()),
    # VSD has no word for suspended by power management.
    ("PAUSED", ()),
)
"""VSD's word for each state of a row, and for each reason that it may have there."""

UNDEFINED, STOPPED, SHUTDOWN = 1, 5, 6
"""Categories of events after which an entity's ports do not forward any more."""


@dataclass(frozen=True)
class Life:
    """status, reason: attributes of VSD's container. forwards: its ports are bound. defined: it has not been undefined.

    A port that stopped is let go on this node, so that it may go on elsewhere; what VSD has of it stays.
    """

    status: str = "RUNNING"
    reason: str = "RUNNING_BOOTED"
    forwards: bool = True
    defined: bool = True


def life_of(vm: Mapping[str, Any]) -> Life:
    """The life that a row of Nuage_VM_Table tells. A reason that VSD has no word for is unknown."""
    state, reason = int(vm["state"]), int(vm["reason"])
    status, reasons = STATES[state] if 0 <= state < len(STATES) else ("UNKNOWN", ())
    word = reasons[reason] if 0 <= reason < len(reasons) else "UNKNOWN"
    return Life(
        status=status,
        reason="UNKNOWN" if status == "UNKNOWN" else f"{status}_{word}",
        forwards=vm["event"] not in (UNDEFINED, STOPPED, SHUTDOWN),
        defined=vm["event"] != UNDEFINED,
    )
