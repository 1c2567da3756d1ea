from __future__ import annotations

import pytest

from nuage_chain.vsp.resolver.life import Life, life_of


@pytest.mark.parametrize(
    ("state", "reason", "event", "life"),
    [
        (1, 1, 2, Life("RUNNING", "RUNNING_BOOTED")),
        (1, 0, 0, Life("RUNNING", "RUNNING_UNKNOWN")),
        (1, 2, 2, Life("RUNNING", "RUNNING_MIGRATED")),
        (1, 8, 2, Life("RUNNING", "RUNNING_UNKNOWN")),
        (3, 5, 3, Life("PAUSED", "PAUSED_IOERROR")),
        (5, 2, 5, Life("SHUTOFF", "SHUTOFF_DESTROYED", forwards=False)),
        (5, 4, 5, Life("SHUTOFF", "SHUTOFF_MIGRATED", forwards=False)),
        (4, 1, 6, Life("SHUTDOWN", "SHUTDOWN_USER", forwards=False)),
        (5, 1, 1, Life("SHUTOFF", "SHUTOFF_SHUTDOWN", forwards=False, defined=False)),
        (0, 0, 0, Life("NOSTATE", "NOSTATE_UNKNOWN")),
        (99, 0, 2, Life("UNKNOWN", "UNKNOWN")),
    ],
)
def test_a_rows_state_and_event_in_vsds_words(state: int, reason: int, event: int, life: Life) -> None:
    assert life_of({"state": state, "reason": reason, "event": event}) == life
