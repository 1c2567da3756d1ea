"""The statistics: order statistics alone, since times of processes follow no curve with a name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """The median of ratios taken pair by pair, and an interval that holds it with 95 % confidence.

    exact: false where there are too few pairs for that confidence; the interval is then the smallest and largest.
    """

    median: float
    low: float
    high: float
    pairs: int
    exact: bool

    @property
    def spread(self) -> str:
        """The interval in words."""
        return f"{self.low:.2f} to {self.high:.2f}{'' if self.exact else ', all'}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies, on the line between the two nearest. Needs one value."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """The value in the middle."""
    return quantile(values, 0.5)


def ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    """First by second, pair by pair. Needs one pair; none of the second may be 0."""
    ratios = sorted(first / second for first, second in pairs)
    depth = _depth(len(ratios))
    edge = max(depth - 1, 0)
    return Ratio(median(ratios), ratios[edge], ratios[len(ratios) - 1 - edge], len(ratios), depth > 0)


def _depth(count: int) -> int:
    """How far from either end the interval of the median begins: 1 is the smallest and the largest, 0 is nowhere.

    Each value lies below the true median with a chance of one half, so how many do is binomial (sign test).
    """
    outside, depth = 0.0, 0
    while depth < count // 2:
        outside += 2 * math.comb(count, depth) / 2**count
        if outside > 1 - CONFIDENCE:
            break
        depth += 1
    return depth
