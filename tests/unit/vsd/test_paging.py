"""Lists that change while they are read, of a server that pages as VSD does."""

from __future__ import annotations

import bisect
import random
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.vsd.paging import LARGEST, OVERLAPPING, Pages, following

if TYPE_CHECKING:
    from collections.abc import Callable


class Vsd:
    """Names in their order; `meanwhile` happens after each answer. largest: of a page, whatever is asked for."""

    def __init__(self, count: int, meanwhile: Callable[[Vsd], None], largest: int = LARGEST) -> None:
        self.names = [f"{number:06}" for number in range(count)]
        self.asked: list[tuple[int, int]] = []
        self._meanwhile = meanwhile
        self._largest = largest

    def read(self) -> set[str]:
        pages = Pages()
        while pages.take(*self._answer(pages.number, pages.size)):
            assert len(self.asked) < 1000
        return set(pages.found)

    def make(self, name: str) -> None:
        bisect.insort(self.names, name)

    def _answer(self, number: int, size: int) -> tuple[list[dict[str, Any]], int]:
        self.asked.append((number, size))
        size = min(size, self._largest)
        entries = [{"ID": name} for name in self.names[number * size : (number + 1) * size]]
        total = len(self.names) if entries else 0
        self._meanwhile(self)
        return entries, total


def nothing(vsd: Vsd) -> None:
    """Nobody else is at work."""


@pytest.mark.parametrize("largest", [1, 7, 20, 50, LARGEST])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 1000])
def test_a_list_that_does_not_change_is_read_once_and_a_little_more(count: int, largest: int) -> None:
    vsd = Vsd(count, nothing, largest)
    assert vsd.read() == set(vsd.names)
    assert len(vsd.asked) <= 1 + 1.6 * count / largest


def test_every_page_gets_on_wherever_it_begins() -> None:
    for largest in (OVERLAPPING - 1, OVERLAPPING, 50, LARGEST):
        for read in range(20_000):
            number, size = following(read, largest)
            assert number * size <= read - min(largest // OVERLAPPING, read)
            assert number * size + size > read


@pytest.mark.parametrize("deleted", [1, 5, 6, 60, 99])
def test_what_moves_onto_a_page_that_was_read_is_not_missed(deleted: int) -> None:
    def from_the_first_page(vsd: Vsd) -> None:
        if len(vsd.asked) == 1:
            del vsd.names[:deleted]

    vsd = Vsd(150, from_the_first_page)
    assert vsd.read() >= set(vsd.names)


def test_a_list_that_is_emptied_meanwhile_ends() -> None:
    vsd = Vsd(1000, lambda vsd: vsd.names.clear() if len(vsd.asked) == 5 else None)
    assert len(vsd.read()) < 1000


@pytest.mark.parametrize("largest", [20, 50, LARGEST])
@pytest.mark.parametrize("seed", range(40))
def test_what_is_there_all_the_time_is_found_whatever_comes_and_goes(seed: int, largest: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    most = dice.choice([1, 3, 10, 40])

    def come_and_go(vsd: Vsd) -> None:
        if len(vsd.asked) > 60:
            return
        for _ in range(dice.randint(0, most)):
            if vsd.names:
                vsd.names.pop(dice.randrange(len(vsd.names)))
        for number in range(dice.randint(0, most)):
            vsd.make(f"{dice.randrange(1000):06}-{len(vsd.asked)}-{number}")

    vsd = Vsd(dice.randint(0, 1000), come_and_go, largest)
    there = set(vsd.names)
    assert vsd.read() >= there & set(vsd.names)
