from __future__ import annotations

import pytest

from nuage_chain.deadline import Cancel, Deadline
from nuage_chain.errors import CallEnded, DeadlineExceeded


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_every_wait_takes_from_one_budget() -> None:
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now += 4
    assert deadline.left("a wait") == pytest.approx(6)
    assert deadline.left("a wait", at_most=2) == pytest.approx(2)


def test_a_used_up_budget_says_what_there_was_no_time_for() -> None:
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now += 10
    with pytest.raises(DeadlineExceeded, match=r"asking VSD: the call's 10 s are used up"):
        deadline.left("asking VSD")


def test_cleaning_up_gets_some_seconds_even_when_the_budget_is_used_up() -> None:
    clock = Clock()
    deadline = Deadline(10, clock)
    clock.now += 30
    assert deadline.extended(5).left("cleaning up") == pytest.approx(5)


def test_cleaning_up_keeps_what_is_left_when_that_is_more() -> None:
    assert Deadline(30, Clock()).extended(5).left("cleaning up") == pytest.approx(30)


def test_a_part_of_it_leaves_the_rest_to_the_others() -> None:
    assert Deadline(10, clock=lambda: 0.0).part(0.4).left("x") == 4.0


def test_a_budget_may_have_begun_before_it_is_made() -> None:
    clock = Clock()
    deadline = Deadline(10, clock, begun=clock.now - 4)
    assert deadline.left("waiting") == 6


def test_a_budget_that_is_ended_early_is_left_to_clean_up_only() -> None:
    clock, cancel = Clock(), Cancel()
    deadline = Deadline(10, clock, cancel=cancel)
    assert (deadline.left("waiting"), deadline.wakes) == (10, cancel.fd)
    cancel.say()
    for ended in (deadline, deadline.part(0.5)):
        with pytest.raises(CallEnded):
            ended.left("waiting")
    assert (deadline.extended(5).left("cleaning up"), deadline.extended(5).wakes) == (10, None)
    cancel.close()
