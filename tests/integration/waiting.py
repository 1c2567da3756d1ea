"""Waiting for what takes its time by nature: another process, the kernel, a timer."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(
    holds: Callable[[], object], what: str = "what was waited for", seconds: float = 20, every: float = 0.05
) -> float:
    """The seconds until it held, asked `every` so many; fails after `seconds`."""
    begin = time.monotonic()
    while not holds():
        assert time.monotonic() - begin < seconds, f"not within {seconds} s: {what}"
        time.sleep(every)
    return time.monotonic() - begin
