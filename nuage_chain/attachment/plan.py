"""A plan is a list of steps, each with a name, `do` and `undo`; whoever reads it sees what a call does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.errors import NuageChainError
from nuage_chain.tracing import PREPARE, STEP, UNDO, span


class Step(Protocol):
    """One change of the world. owes: where something is left when `undo` fails (attachment/record.py)."""

    name: str
    owes: str

    def prepare(self, at: Attaching) -> None:
        """Looks, and writes into the record all that `undo` needs. Changes nothing."""

    def do(self, at: Attaching) -> None:
        """Makes the change, or raises."""

    def undo(self, un: Undoing) -> None:
        """Takes back what `do` has changed, by the record alone; nothing where there is nothing of it.

        It may be called after a `do` that stopped half way, by another process, after a reboot, and twice.
        """


@dataclass(frozen=True)
class Trouble:
    """An undo that failed: of which step, where what is left is owed, and why."""

    step: str
    owes: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.step}: {self.error}"


def carry_out(steps: Sequence[Step], at: Attaching, commit: Callable[[], None], undoing: Callable[[], Undoing]) -> None:
    """Prepares every step, has the record written by `commit`, then does every step in order.

    When one raises, it and those before it are undone, last first, and its error is raised.
    BaseException: a SIGTERM in the middle of an ADD has to leave as little behind as an error does.
    """
    for step in steps:
        with span(PREPARE, step.name):
            step.prepare(at)
    with span(PREPARE, "journal"):
        commit()
    for number, step in enumerate(steps):
        try:
            with span(STEP, step.name):
                step.do(at)
        except BaseException as e:
            # What a `do` could not clean up itself is owed already: a second try right away would only take time.
            troubles = roll_back([s for s in steps[: number + 1] if s.owes not in at.record.owed], undoing())
            if troubles and isinstance(e, NuageChainError):
                e.add(f"And cleaning up was not complete: {' '.join(map(str, troubles))}")
            raise


def roll_back(steps: Sequence[Step], un: Undoing) -> list[Trouble]:
    """Undoes the steps, last first, past every error; what is owed after that is in the record."""
    troubles = []
    for step in reversed(steps):
        try:
            with span(UNDO, step.name):
                step.undo(un)
        except Exception as e:  # noqa: BLE001 - one undo that fails must not keep the others from being tried
            troubles.append(Trouble(step.name, step.owes, e))
            if step.owes not in un.record.owed:
                un.record.owed.append(step.owes)
    return troubles
