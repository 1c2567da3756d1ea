"""The statistics of the benchmark, against numbers that can be looked up."""

from __future__ import annotations

import random

import pytest

from benchmarks.lib import figures


def test_a_quantile_lies_on_the_line_between_its_neighbours() -> None:
    assert [figures.quantile([40, 10, 30, 20], share) for share in (0, 0.5, 0.95, 1)] == [10, 25, 38.5, 40]
    assert figures.quantile([7], 0.95) == 7


def test_a_ratio_is_the_median_of_the_ratios_of_pairs_and_not_the_ratio_of_medians() -> None:
    found = figures.ratio([(1, 1), (20, 2), (3, 10)])
    assert found.median == 1
    assert figures.median([1, 20, 3]) / figures.median([1, 2, 10]) == 1.5


@pytest.mark.parametrize(("pairs", "place"), [(6, 1), (8, 1), (9, 2), (10, 2), (20, 6), (30, 10), (50, 18)])
def test_the_interval_begins_where_tables_of_the_sign_test_have_it(pairs: int, place: int) -> None:
    found = figures.ratio([(n, 1) for n in range(1, pairs + 1)])
    assert (found.low, found.high, found.exact) == (place, pairs + 1 - place, True)


@pytest.mark.parametrize("pairs", [1, 2, 5])
def test_with_too_few_pairs_the_interval_is_all_of_them_and_says_so(pairs: int) -> None:
    found = figures.ratio([(n, 1) for n in range(1, pairs + 1)])
    assert (found.low, found.high, found.exact) == (1, pairs, False)


def test_the_interval_holds_the_true_median_in_at_least_95_of_100_cases() -> None:
    draw = random.Random(5)  # noqa: S311 - the same cases each time
    held = 0
    for _ in range(2000):
        found = figures.ratio([(draw.lognormvariate(0, 1), 1) for _ in range(15)])
        held += found.low <= 1 <= found.high
    assert held / 2000 >= 0.95
