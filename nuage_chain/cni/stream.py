"""Standard input as a descriptor: read to its end, in time and up to a size."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from nuage_chain.errors import IOFailure, TryAgainLater

_CHUNK = 1 << 20


def read_all(fd: int, seconds: float, at_most: int, clock: Callable[[], float] = time.monotonic) -> bytes:
    """Everything up to the end, or somewhat more than `at_most` bytes of it: enough to see that it is too much.

    Raises TryAgainLater when the writer does not end within `seconds`, IOFailure when it cannot be read.
    """
    until, read = clock() + seconds, bytearray()
    try:
        while len(read) <= at_most:
            if not select.select([fd], [], [], max(0.0, until - clock()))[0]:
                raise TryAgainLater(
                    f"Standard input did not end within {seconds:g} s.",
                    hint="The runtime writes the network configuration there, and then closes it.",
                )
            chunk = os.read(fd, _CHUNK)
            if not chunk:
                break
            read += chunk
    except OSError as e:
        raise IOFailure(
            f"Standard input cannot be read: {e.strerror}.", hint="The runtime passes the configuration there."
        ) from e
    return bytes(read)
