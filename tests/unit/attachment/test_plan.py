from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import cast

import pytest

from nuage_chain.attachment.plan import carry_out
from nuage_chain.attachment.record import Record
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.errors import KernelRefused, VsdUnreachable
from tests.unit.attachment.samples import a_record


class Recorded:
    """A step that writes down what is done with it, and fails where it is told to."""

    owes = "ovsdb"

    def __init__(self, name: str, fails: BaseException | None = None, undo_fails: Exception | None = None) -> None:
        self.name, self.fails, self.undo_fails = name, fails, undo_fails
        self.log: list[str] = []

    def prepare(self, at: Attaching) -> None:
        self.log.append(f"prepare {self.name}")

    def do(self, at: Attaching) -> None:
        self.log.append(f"do {self.name}")
        if self.fails:
            raise self.fails

    def undo(self, un: Undoing) -> None:
        self.log.append(f"undo {self.name}")
        if self.undo_fails:
            raise self.undo_fails


def carried_out(
    steps: list[Recorded], record: Record | None = None, fails: type[BaseException] | None = None
) -> list[str]:
    """What was done, in order."""
    log: list[str] = []
    for step in steps:
        step.log = log
    shared = SimpleNamespace(record=record or a_record())
    at, un = cast("Attaching", shared), cast("Undoing", shared)
    with pytest.raises(fails) if fails else nullcontext():
        carry_out(steps, at, lambda: log.append("commit"), lambda: un)
    return log


def test_all_steps_look_then_the_journal_is_written_then_they_are_done_in_order() -> None:
    assert carried_out([Recorded("a"), Recorded("b")]) == ["prepare a", "prepare b", "commit", "do a", "do b"]


def test_a_step_that_fails_is_undone_with_those_before_it_last_first() -> None:
    steps = [Recorded("a"), Recorded("b", VsdUnreachable("Down.")), Recorded("c")]
    assert carried_out(steps, fails=VsdUnreachable)[4:] == ["do a", "do b", "undo b", "undo a"]


def test_an_undo_that_fails_keeps_no_other_from_being_tried_and_is_told_and_owed() -> None:
    record, error = a_record(), VsdUnreachable("Down.")
    steps = [Recorded("a"), Recorded("b", undo_fails=KernelRefused("No.")), Recorded("c", error)]
    assert carried_out(steps, record, VsdUnreachable)[-3:] == ["undo c", "undo b", "undo a"]
    assert error.message == "Down. And cleaning up was not complete: b: No."
    assert record.owed == ["ovsdb"]


def test_what_a_step_could_not_clean_up_itself_is_not_tried_a_second_time_at_once() -> None:
    log = carried_out([Recorded("a", VsdUnreachable("Down."))], a_record(owed=["ovsdb"]), VsdUnreachable)
    assert log == ["prepare a", "commit", "do a"]


def test_a_signal_in_the_middle_rolls_back_as_well() -> None:
    assert carried_out([Recorded("a"), Recorded("b", KeyboardInterrupt())], fails=KeyboardInterrupt)[-2:] == [
        "undo b",
        "undo a",
    ]
