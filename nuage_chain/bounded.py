"""Work that ends in time whatever a peer does: timeouts of sockets cover neither name resolution nor a trickle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TookTooLong(Exception):
    """The work had not ended when its time was up."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TookTooLong; its thread may go on, and keeps no process from ending."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as e:  # noqa: BLE001 - handed to the caller's thread, where it is raised
            failure.append(e)

    thread = threading.Thread(target=run, name="bounded", daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise TookTooLong
    return outcome[0]
