"""One time budget for a whole call; every wait takes from it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from nuage_chain.errors import CallEnded, DeadlineExceeded


class Cancel:
    """Says to the thread that works on a call that nobody waits for its end any more.

    fd: can be read from once that has been said; for a wait on other descriptors.
    """

    def __init__(self) -> None:
        self.fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.said = False

    def say(self) -> None:
        """From here on the call's deadline raises CallEnded."""
        self.said = True
        os.eventfd_write(self.fd, 1)

    def close(self) -> None:
        """Nobody may say or wait any more."""
        os.close(self.fd)


class Deadline:
    """A budget of `seconds` that starts when it is made.

    clock: returns monotonic seconds; a parameter so that tests need not sleep. begun: when it started instead, by that
    clock. cancel: ends it early.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        begun: float | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = (clock() if begun is None else begun) + seconds
        self._cancel = cancel

    @property
    def wakes(self) -> int | None:
        """A descriptor that can be read from once the budget was ended early; None where nobody can do that."""
        return self._cancel.fd if self._cancel is not None else None

    def left(self, what: str, at_most: float | None = None) -> float:
        """Seconds that may still be spent on `what`, always above zero.

        Raises DeadlineExceeded when the budget is used up, CallEnded when it was ended early.
        """
        if self._cancel is not None and self._cancel.said:
            raise CallEnded("The caller did not wait for the end of the call.")
        left = self._end - self._clock()
        if left <= 0:
            raise DeadlineExceeded(f"No time left for {what}: the call's {self.seconds:g} s are used up.")
        return left if at_most is None else min(left, at_most)

    def extended(self, at_least: float) -> Deadline:
        """A budget for cleaning up, which cannot be ended early: what is left, but never under `at_least` seconds."""
        return Deadline(max(self._end - self._clock(), at_least), self._clock)

    def part(self, share: float) -> Deadline:
        """A budget of that share of what is left, so that whoever comes next has the rest."""
        return Deadline(max((self._end - self._clock()) * share, 0.0), self._clock, cancel=self._cancel)
