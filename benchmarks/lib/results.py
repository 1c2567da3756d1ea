"""What was measured, and the questions that the report, the plot and the targets ask of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.lib import figures
from benchmarks.lib.contestants import BUILT_IN
from benchmarks.lib.figures import Ratio
from benchmarks.lib.measure import Burst, Conditions, Sample

Value = Callable[[Sample], float]


@dataclass
class Results:
    """machine: what it was measured on. seconds: what the whole took. memory: of the agent at the end, bytes."""

    machine: dict[str, str]
    contestants: list[str]
    samples: list[Sample] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)
    seconds: float = 0.0
    memory: int = 0

    @property
    def problems(self) -> list[str]:
        """What failed, a sentence each."""
        failed = [f"{s.contestant}: {s.problem}" for s in self.samples if s.problem]
        return failed + [f"{b.contestant}: {problem}" for b in self.bursts for problem in b.problems]

    @property
    def peers(self) -> list[str]:
        """Those that were named on the command line."""
        return [name for name in self.contestants if name not in BUILT_IN]

    @property
    def levels(self) -> list[int]:
        """The numbers of ports at which all were measured."""
        return sorted({s.at.ports for s in self.samples if s.contestant in self.contestants})

    def of(self, contestant: str, verb: str, at: Conditions) -> list[Sample]:
        """The samples that succeeded, in the order of their turns."""
        return [s for s in self.samples if (s.contestant, s.verb, s.at) == (contestant, verb, at) and not s.problem]

    def bursts_of(self, contestant: str, verb: str, ports: int) -> list[Burst]:
        """The bursts with as many ports on the bridge, in the order of their turns."""
        return [b for b in self.bursts if (b.contestant, b.verb, b.at.ports) == (contestant, verb, ports)]

    def ratio(self, verb: str, at: Conditions, first: tuple[str, Value], second: tuple[str, Value]) -> Ratio | None:
        """A value of one contestant by that of another in the same round; None where there is no such pair."""
        a, b = ({s.turn: value(s) for s in self.of(name, verb, at)} for name, value in (first, second))
        pairs = [(a[turn], b[turn]) for turn in sorted(a.keys() & b.keys())]
        return figures.ratio(pairs) if pairs else None


def wall(sample: Sample) -> float:
    """Seconds for the whole list."""
    return sample.wall


def write(results: Results, folder: Path) -> None:
    """Everything, as results.json."""
    text = json.dumps(dataclasses.asdict(results), indent=1)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
