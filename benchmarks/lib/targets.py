"""What was promised, as data: how each is measured and what it has to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.lib import figures
from benchmarks.lib.contestants import OURS, REFERENCE
from benchmarks.lib.measure import Conditions
from benchmarks.lib.parts import our_step, our_work
from benchmarks.lib.results import Results, wall

EMPTY, CROWDED = Conditions(0), Conditions(500)


@dataclass(frozen=True)
class Verdict:
    """One target with what was measured; value None where nothing was."""

    name: str
    unit: str
    limit: float
    at_least: bool
    value: float | None
    spread: str = ""

    @property
    def met(self) -> bool:
        """Whether the value is on the right side of the limit."""
        return self.value is not None and (self.value >= self.limit if self.at_least else self.value <= self.limit)

    @property
    def said(self) -> str:
        """Met, or by how much it was missed."""
        if self.value is None:
            return "not measured"
        if self.met:
            return "met"
        factor = self.limit / self.value if self.at_least else self.value / self.limit
        return f"missed by a factor of {factor:.2f}"


@dataclass(frozen=True)
class Target:
    """measure: value and its spread in words, or None. at_least: the value has to reach the limit, else stay below."""

    name: str
    unit: str
    limit: float
    measure: Callable[[Results, str], tuple[float, str] | None]
    at_least: bool = False
    of_each_peer: bool = False


def _step_by_reference(results: Results, _peer: str) -> tuple[float, str] | None:
    return _shown(results.ratio("ADD", EMPTY, (OURS, our_work), (REFERENCE, wall)))


def _chain_by_peer(results: Results, peer: str) -> tuple[float, str] | None:
    return _shown(results.ratio("ADD", EMPTY, (OURS, wall), (peer, wall)))


def _crowded(results: Results, peer: str) -> tuple[float, str] | None:
    return _shown(results.ratio("ADD", CROWDED, (peer, wall), (OURS, wall)))


def _rate(results: Results, peer: str) -> tuple[float, str] | None:
    ours, others = (results.bursts_of(name, "ADD", 0) for name in (OURS, peer))
    pairs = [(a.rate, b.rate) for a, b in zip(ours, others, strict=False) if b.done]
    return _shown(figures.ratio(pairs)) if pairs else None


def _agent_cpu(results: Results, _peer: str) -> tuple[float, str] | None:
    used = [1000 * sample.daemons.get("agent", 0.0) for sample in results.of(OURS, "ADD", EMPTY)]
    return (figures.median(used), f"p95 {figures.quantile(used, 0.95):.1f}") if used else None


def _memory(results: Results, _peer: str) -> tuple[float, str] | None:
    return (results.memory / 1e6, "at the end") if results.memory else None


def _status(results: Results, _peer: str) -> tuple[float, str] | None:
    walls = [1000 * our_step(sample) for sample in results.of(OURS, "STATUS", EMPTY)]
    return (figures.median(walls), f"p95 {figures.quantile(walls, 0.95):.0f}") if walls else None


TARGETS = (
    Target("our step of ADD without its wait, by the ADD of bridge+host-local", "x", 1.0, _step_by_reference),
    Target("CPU of the agent for an ADD", "ms", 3.0, _agent_cpu),
    Target("whole chain by {peer}, ADD, empty bridge", "x", 1.0, _chain_by_peer, of_each_peer=True),
    Target("{peer} by whole chain, ADD, 500 ports", "x", 10.0, _crowded, at_least=True, of_each_peer=True),
    Target("rate of ADDs in a burst, by that of {peer}", "x", 2.0, _rate, at_least=True, of_each_peer=True),
    Target("STATUS", "ms", 15.0, _status),
    Target("memory of the agent", "MB", 60.0, _memory),
)


def verdicts(results: Results) -> Iterator[Verdict]:
    """Every target; those about a peer once for each peer, and none of them without one."""
    peers = results.peers
    for target in TARGETS:
        for peer in peers if target.of_each_peer else [""]:
            measured = target.measure(results, peer)
            value, spread = measured or (None, "")
            name = target.name.format(peer=peer)
            yield Verdict(name, target.unit, target.limit, target.at_least, value, spread)


def one_line(results: Results) -> str:
    """The ratios, for who reads the last line only."""
    found = [f"{v.name} {v.value:.2f}{v.unit}" for v in verdicts(results) if v.value is not None]
    return f"In {results.seconds:.0f} s: {'; '.join(found)}."


def _shown(ratio: figures.Ratio | None) -> tuple[float, str] | None:
    return (ratio.median, ratio.spread) if ratio else None
