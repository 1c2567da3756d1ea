"""As much of SVG as the plot needs: text, and the frame of a panel with its axis.

Written by hand: lines, points and bars are all there is, and a plotting library would be the largest thing installed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

TOP, PANEL_HEIGHT, PANEL_WIDTH = 92, 300, 250
_GREY = "#666"


@dataclass(frozen=True)
class Axis:
    """From `low` at the bottom of a panel to `high` at its top, with a line at each of `marks`."""

    low: float
    high: float
    marks: Sequence[float]
    logarithmic: bool

    def y(self, value: float) -> float:
        """Where a value is in the picture, in pixels from its top."""
        low, high, at = self.low, self.high, max(value, self.low)
        if self.logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return TOP + PANEL_HEIGHT * (1 - (at - low) / (high - low))


def powers(values: Sequence[float]) -> Axis:
    """An axis by powers of ten that holds all values, which are above zero."""
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    return Axis(10.0**low, 10.0**high, [10.0**n for n in range(low, high + 1)], logarithmic=True)


def linear(values: Sequence[float]) -> Axis:
    """An axis from zero that holds all values, with some five lines. One value has to be above zero."""
    rough = max(values) / 5
    step = next(unit for n in range(-3, 9) for unit in (10.0**n, 2 * 10.0**n, 5 * 10.0**n) if unit >= rough)
    count = math.ceil(max(values) / step)
    return Axis(0.0, count * step, [n * step for n in range(count + 1)], logarithmic=False)


def document(width: float, height: float, parts: Sequence[str]) -> str:
    """The file, on white ground."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
    ground = f'<rect width="{width}" height="{height}" fill="white"/>'
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


def frame(left: float, title: str, axis: Axis) -> Iterator[str]:
    """A panel's title and lines."""
    yield text(left, TOP - 6, title, bold=True)
    for mark in axis.marks:
        y = axis.y(mark)
        yield f'<line x1="{left}" y1="{y:.1f}" x2="{left + PANEL_WIDTH}" y2="{y:.1f}" stroke="#ddd"/>'
        yield text(left - 6, y + 4, f"{mark:g}", anchor="end", colour=_GREY)


def below(left: float, labels: Sequence[str], meaning: str) -> Iterator[str]:
    """Labels evenly under a panel, and what they mean."""
    for n, label in enumerate(labels):
        middle = left + (n + 0.5) * PANEL_WIDTH / len(labels)
        yield text(middle, TOP + PANEL_HEIGHT + 16, label, anchor="middle")
    yield text(left + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 32, meaning, anchor="middle", colour=_GREY)


def text(
    x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", colour: str = "#222", bold: bool = False
) -> str:
    """One line of text."""
    weight = ' font-weight="bold"' if bold else ""
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {where} fill="{colour}"{weight}>{escape(words)}</text>'
