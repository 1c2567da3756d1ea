"""The results as a picture: what an ADD and a DEL take as ports grow, and how many ADDs a burst does in a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.lib import figures, svg
from benchmarks.lib.contestants import OURS
from benchmarks.lib.measure import Conditions
from benchmarks.lib.results import Results
from benchmarks.lib.svg import PANEL_HEIGHT, PANEL_WIDTH, TOP, Axis

# Colours that the colour-blind can tell apart (Okabe and Ito); ours is the strong one.
_COLOURS = ("#56b4e9", "#009e73", "#0072b2", "#e69f00", "#cc79a7", "#999933", "#7f7f7f")
_OUR_COLOURS = ("#d55e00", "#f0a070")
_WIDTH, _HEIGHT = 1060, 430
_LEFT = (60, 420, 780)
_MEANING = "ports on the bridge already"

Points = list[tuple[int, float, float]]


def picture(results: Results) -> str:
    """The SVG document."""
    colours = _colours(results.contestants)
    times = {verb: {name: _points(results, name, verb) for name in colours} for verb in ("ADD", "DEL")}
    parts = [
        svg.text(20, 24, "A whole list of plugins, as a runtime calls it", size=16),
        svg.text(20, 42, f"{results.machine['CPU']}, Linux {results.machine['kernel']}", colour="#666"),
        *_legend(colours),
    ]
    values = [value for lines in times.values() for points in lines.values() for _, *both in points for value in both]
    if values:
        # One axis for both, so that they can be compared.
        axis = svg.powers(values)
        for left, (verb, lines) in zip(_LEFT, times.items(), strict=False):
            parts += _by_ports(left, f"{verb}, ms: median, line up to p95", axis, results.levels, lines, colours)
    return svg.document(_WIDTH, _HEIGHT, [*parts, *_rates(results, _LEFT[2], colours)])


def _colours(names: Sequence[str]) -> dict[str, str]:
    ours, others = iter(_OUR_COLOURS * 9), iter(_COLOURS * 9)
    return {name: next(ours if name.startswith(OURS) else others) for name in names}


def _legend(colours: dict[str, str]) -> Iterator[str]:
    x = 20.0
    for name, colour in colours.items():
        yield f'<circle cx="{x + 5}" cy="61" r="5" fill="{colour}"/>'
        yield svg.text(x + 15, 65, name, bold=name.startswith(OURS))
        x += 36 + 7.2 * len(name)


def _points(results: Results, name: str, verb: str) -> Points:
    """Ports, median and p95 in ms."""
    found = []
    for level in results.levels:
        walls = [1000 * sample.wall for sample in results.of(name, verb, Conditions(level))]
        if walls:
            found.append((level, figures.median(walls), figures.quantile(walls, 0.95)))
    return found


def _by_ports(
    left: float, title: str, axis: Axis, levels: Sequence[int], lines: dict[str, Points], colours: dict[str, str]
) -> Iterator[str]:
    yield from svg.frame(left, title, axis)
    yield from svg.below(left, [str(level) for level in levels], _MEANING)
    step = PANEL_WIDTH / len(levels)
    for n, (name, points) in enumerate(lines.items()):
        # Side by side, so that none hides another.
        first = left + step / 2 + (n - len(lines) / 2) * 3
        spots = [(first + levels.index(ports) * step, axis.y(median), axis.y(p95)) for ports, median, p95 in points]
        yield from _line(spots, colours[name], thick=name.startswith(OURS))


def _line(spots: Sequence[tuple[float, float, float]], colour: str, *, thick: bool) -> Iterator[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{2.5 if thick else 1.2}"/>'
    for x, y, end in spots:
        yield f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{end:.1f}" stroke="{colour}"/>'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{4 if thick else 3}" fill="{colour}"/>'


def _rates(results: Results, left: float, colours: dict[str, str]) -> Iterator[str]:
    levels = sorted({burst.at.ports for burst in results.bursts})
    bars = [
        (place, name, figures.median([burst.rate for burst in found]))
        for place, level in enumerate(levels)
        for name in colours
        if (found := results.bursts_of(name, "ADD", level))
    ]
    if not any(rate for *_, rate in bars):
        return
    axis = svg.linear([rate for *_, rate in bars])
    yield from svg.frame(left, f"ADDs per second, {results.bursts[0].at.parallel} at once", axis)
    yield from svg.below(left, [str(level) for level in levels], _MEANING)
    width = PANEL_WIDTH / (len(bars) + len(levels))
    for n, (place, name, rate) in enumerate(bars):
        x, y = left + (n + place + 0.5) * width, axis.y(rate)
        size = f'width="{width - 3:.1f}" height="{TOP + PANEL_HEIGHT - y:.1f}"'
        yield f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colours[name]}"/>'
        yield svg.text(x + width / 2 - 1, y - 4, f"{rate:.0f}", anchor="middle", size=10)
