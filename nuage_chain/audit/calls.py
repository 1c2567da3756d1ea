"""ADDs and DELs by result, and how long their steps took, counted from the traces that calls leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nuage_chain.attachment import traces
from nuage_chain.attachment.traces import Position
from nuage_chain.tracing import PREPARE, STEP, UNDO


@dataclass(frozen=True)
class Calls:
    """results: calls by verb and result. steps: by verb and step, their number and seconds. position: counted till."""

    results: Mapping[tuple[str, str], int] = field(default_factory=dict)
    steps: Mapping[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    position: Position = (0, 0)

    def after(self, folder: Path) -> Calls:
        """With the calls whose traces have come since; those that the ring has lost meanwhile are not counted."""
        lines, position = traces.since(folder, self.position)
        results, steps = dict(self.results), dict(self.steps)
        for line in lines:
            result = (str(line["verb"]), str(line["result"]))
            results[result] = results.get(result, 0) + 1
            for step, number, seconds in _steps(line):
                before = steps.get(step, (0, 0.0))
                steps[step] = (before[0] + number, before[1] + seconds)
        return Calls(results, steps, position)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "results": [[*key, number] for key, number in self.results.items()],
            "steps": [[*key, *values] for key, values in self.steps.items()],
            "position": list(self.position),
        }


def read(document: Mapping[str, Any]) -> Calls:
    """The reverse of `Calls.document`. Raises KeyError, TypeError, ValueError."""
    results = {(verb, result): int(number) for verb, result, number in document["results"]}
    steps = {(verb, name): (int(number), float(seconds)) for verb, name, number, seconds in document["steps"]}
    inode, offset = document["position"]
    return Calls(results, steps, (int(inode), int(offset)))


def _steps(line: Mapping[str, Any]) -> Iterable[tuple[tuple[str, str], int, float]]:
    """A step is looked at and done in two spans, and is one step."""
    for kind, name, _, ms, *_ in line["spans"]:
        if kind in (PREPARE, STEP, UNDO):
            yield (str(line["verb"]), str(name)), int(kind != PREPARE or name == "journal"), ms / 1000
