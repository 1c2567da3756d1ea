"""Signals as exceptions, so that what is under way is undone before the process ends."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
BY_SIGNAL = 128
"""A shell's exit status for a command that a signal ended is this and the signal's number."""

_PATIENCE = b"nuage-chain: still cleaning up; please wait.\n"


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end; nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"Interrupted by {signal.Signals(number).name}.")
        self.number = number


def raise_them() -> None:
    """From here on the first signal of ENDING raises Interrupted, but for those that whoever started us had ignored.

    Those after it wait for the end of the clean-up that it has set off.
    """
    for number in _heeded():
        signal.signal(number, _raise)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Signals wait for the end of a clean-up; whoever sends one is told that it goes on.

    Handlers and no mask: what is started meanwhile would inherit the mask, and could not be ended.
    """
    came: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        came.append(number)
        _ask_for_patience(number, frame)

    before = {number: signal.signal(number, remember) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise Interrupted(came[0])


def _heeded() -> list[signal.Signals]:
    return [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    for other in _heeded():
        signal.signal(other, _ask_for_patience)
    raise Interrupted(number)


def _ask_for_patience(_number: int, _frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        os.write(2, _PATIENCE)
