"""Where the time of our step went, by the lines that each call leaves (nuage_chain/attachment/traces.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.lib import figures
from benchmarks.lib.contestants import OURS
from benchmarks.lib.measure import Sample
from nuage_chain.attachment import traces
from nuage_chain.attachment.steps.port import WaitUntilForwarding
from nuage_chain.attachment.traces import Position
from nuage_chain.tracing import OVSDB, STEP, VSD

START: Position = (0, 0)
_WAITS = (STEP, WaitUntilForwarding.name)
_NESTED = (OVSDB, VSD)


def position(folder: Path) -> Position:
    """Where the lines end now."""
    return traces.since(folder, START)[1]


def attach(samples: Sequence[Sample], folder: Path, since: Position) -> list[Sample]:
    """The samples, each with what its call left since then."""
    lines = {(line["container"], line["verb"]): line for line in traces.since(folder, since)[0]}
    found = []
    for sample in samples:
        line = lines.get((sample.container, sample.verb))
        if line and any(step.plugin == OURS for step in sample.steps):
            spans = tuple((kind, name, ms / 1000) for kind, name, _, ms, *_ in line["spans"])
            found.append(replace(sample, traced=line["ms"] / 1000, spans=spans))
        else:
            found.append(sample)
    return found


def our_step(sample: Sample) -> float:
    """Seconds for the process of our plugin alone."""
    return sum(step.wall for step in sample.steps if step.plugin == OURS)


def our_work(sample: Sample) -> float:
    """The same without the wait until the port forwards, which is the switch's time and VRS's."""
    return our_step(sample) - sum(took for kind, name, took in sample.spans if (kind, name) == _WAITS)


def shares(sample: Sample) -> dict[str, float]:
    """Our step's seconds: of the interpreter, the switch, VSD, and what is left, ours. It needs a trace."""
    waited = our_step(sample) - our_work(sample)
    asked = sum(took for kind, _, took in sample.spans if kind == OVSDB)
    # The wait is made of questions to OVSDB and next to nothing else.
    switch = max(asked, waited)
    vsd = sum(took for kind, _, took in sample.spans if kind == VSD)
    outside = our_step(sample) - sample.traced
    return {
        "interpreter, relay, and the way to the agent": outside,
        "the switch (OVSDB, and the wait until forwarding)": switch,
        "VSD": vsd,
        "our own": sample.traced - switch - vsd,
    }


def _by_label(sample: Sample) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for kind, name, took in sample.spans:
        found.setdefault(f"  {kind} {name}" if kind in _NESTED else f"{kind} {name}", []).append(took)
    steps = sum(took for kind, _, took in sample.spans if kind not in _NESTED)
    # What DEL asks before its steps stands beside them, and is in here as well.
    return {**found, "around and between the steps": [sample.traced - steps]}


def medians(samples: Sequence[Sample]) -> list[tuple[str, int, float]]:
    """Each part that calls have: its name, how often a call has it, and the median of its seconds in a call."""
    found: dict[str, list[tuple[int, float]]] = {}
    for sample in samples:
        for label, took in _by_label(sample).items():
            found.setdefault(label, []).append((len(took), sum(took)))
    return [
        (label, round(figures.median([n for n, _ in both])), figures.median([took for _, took in both]))
        for label, both in found.items()
    ]
