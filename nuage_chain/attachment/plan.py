"""A plan is a list of steps, each with a name, `do` and `undo`; whoever reads it sees what a call does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from nuage_chain.errors import NuageChainError

State = TypeVar("State", contravariant=True)
S = TypeVar("S")


class Step(Protocol, Generic[State]):
    """One change of the world. `undo` may be called after a `do` that stopped half way, and has to cope."""

    name: str

    def do(self, at: State) -> None:
        """Makes the change, or raises."""

    def undo(self, at: State) -> None:
        """Takes back what `do` has changed; nothing where it changed nothing."""


def carry_out(steps: Sequence[Step[S]], at: S) -> None:
    """Does every step in order; when one raises, undoes it and those before it, last first, and raises its error.

    BaseException: a SIGTERM in the middle of an ADD has to leave as little behind as an error does.
    """
    for number, step in enumerate(steps):
        try:
            step.do(at)
        except BaseException as e:
            problems = roll_back(steps[: number + 1], at)
            if problems and isinstance(e, NuageChainError):
                e.add(f"And cleaning up was not complete: {' '.join(problems)}")
            raise


def roll_back(steps: Sequence[Step[S]], at: S) -> list[str]:
    """Undoes the steps, last first, past every error; returns what went wrong, a sentence each."""
    problems = []
    for step in reversed(steps):
        try:
            step.undo(at)
        except Exception as e:  # noqa: BLE001 - one undo that fails must not keep the others from being tried
            problems.append(f"{step.name}: {e}")
    return problems
