"""Where the time of one call goes: spans, each within the one that was open when it began.

A recording belongs to the context of its call (contextvars), so that calls in threads beside each other do not mix, and
whoever makes a span need not be handed it. Without a recording a span costs a look-up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

STEP, PREPARE, UNDO, OVSDB, VSD = "step", "prepare", "undo", "ovsdb", "vsd"


@dataclass
class Span:
    """kind: one of the constants above. start, ms: milliseconds, from the call's begin. failed: by an error."""

    kind: str
    name: str
    start: float
    ms: float = 0.0
    failed: bool = False


@dataclass
class Recording:
    """The spans of one call, in the order of their begin. folder: where its line is kept, None where nobody said."""

    clock: Callable[[], float] = time.monotonic
    spans: list[Span] = field(default_factory=list)
    folder: Path | None = None
    call: str = ""

    def __post_init__(self) -> None:
        self._begin = self.clock()

    def elapsed(self) -> float:
        """Milliseconds since the call began."""
        return (self.clock() - self._begin) * 1000


_current: ContextVar[Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recording() -> Iterator[Recording]:
    """Everything within belongs to one call."""
    begun = Recording()
    token = _current.set(begun)
    try:
        yield begun
    finally:
        _current.reset(token)


class _Within:
    """A class, since a generator takes three times as long, and a call has some forty of these."""

    __slots__ = ("_kind", "_name", "_one", "_record")

    def __init__(self, kind: str, name: str) -> None:
        self._kind, self._name = kind, name
        self._record = _current.get()

    def __enter__(self) -> None:
        if self._record is not None:
            self._one = Span(self._kind, self._name, self._record.elapsed())
            self._record.spans.append(self._one)

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if self._record is not None:
            self._one.failed = error is not None
            self._one.ms = self._record.elapsed() - self._one.start


def span(kind: str, name: str) -> _Within:
    """What is within took so long."""
    return _Within(kind, name)


def note(*, folder: Path, call: str = "") -> None:
    """Tells the recording, if there is one, where its line belongs, and by which name the journal knows the call."""
    record = _current.get()
    if record is not None:
        record.folder, record.call = folder, call or record.call
