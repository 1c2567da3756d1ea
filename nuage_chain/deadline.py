"""One time budget for a whole call; every wait takes from it."""

from __future__ import annotations

import time
from collections.abc import Callable

from nuage_chain.errors import DeadlineExceeded


class Deadline:
    """A budget of `seconds` that starts when it is made.

    clock: returns monotonic seconds; a parameter so that tests need not sleep.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self, what: str, at_most: float | None = None) -> float:
        """Seconds that may still be spent on `what`, always above zero.

        Raises DeadlineExceeded when the budget is used up.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise DeadlineExceeded(f"No time left for {what}: the call's {self.seconds:g} s are used up.")
        return left if at_most is None else min(left, at_most)

    def extended(self, at_least: float) -> Deadline:
        """A budget for cleaning up: what is left, but never under `at_least` seconds."""
        return Deadline(max(self._end - self._clock(), at_least), self._clock)

    def part(self, share: float) -> Deadline:
        """A budget of that share of what is left, so that whoever comes next has the rest."""
        return Deadline(max((self._end - self._clock()) * share, 0.0), self._clock)
