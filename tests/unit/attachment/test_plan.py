from __future__ import annotations

import pytest

from nuage_chain.attachment.plan import carry_out
from nuage_chain.errors import KernelRefused, VsdUnreachable


class Recorded:
    """A step that writes down what is done with it, and fails where it is told to."""

    def __init__(self, name: str, fails: BaseException | None = None, undo_fails: Exception | None = None) -> None:
        self.name, self.fails, self.undo_fails = name, fails, undo_fails

    def do(self, at: list[str]) -> None:
        at.append(f"do {self.name}")
        if self.fails:
            raise self.fails

    def undo(self, at: list[str]) -> None:
        at.append(f"undo {self.name}")
        if self.undo_fails:
            raise self.undo_fails


def test_steps_are_done_in_order() -> None:
    log: list[str] = []
    carry_out([Recorded("a"), Recorded("b")], log)
    assert log == ["do a", "do b"]


def test_a_step_that_fails_is_undone_with_those_before_it_last_first() -> None:
    log: list[str] = []
    with pytest.raises(VsdUnreachable):
        carry_out([Recorded("a"), Recorded("b", VsdUnreachable("Down.")), Recorded("c")], log)
    assert log == ["do a", "do b", "undo b", "undo a"]


def test_an_undo_that_fails_keeps_no_other_from_being_tried_and_is_told() -> None:
    log: list[str] = []
    steps = [Recorded("a"), Recorded("b", undo_fails=KernelRefused("No.")), Recorded("c", VsdUnreachable("Down."))]
    with pytest.raises(VsdUnreachable, match=r"Down\. And cleaning up was not complete: b: No\."):
        carry_out(steps, log)
    assert log[-3:] == ["undo c", "undo b", "undo a"]


def test_a_signal_in_the_middle_rolls_back_as_well() -> None:
    log: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        carry_out([Recorded("a"), Recorded("b", KeyboardInterrupt())], log)
    assert log[-2:] == ["undo b", "undo a"]
