"""What is measured one after the other, and how much of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib import agent, contestants, machine, parts
from benchmarks.lib.contestants import ALONE, OURS, Contestant
from benchmarks.lib.measure import Bench, Conditions, Sample, pods
from benchmarks.lib.results import Results
from benchmarks.lib.soak import Soak, soak
from benchmarks.lib.switch import Node, start_node
from nuage_chain.errors import NotAvailable

_WARM_UP = 1
_SOAKED = 4


@dataclass(frozen=True)
class Scale:
    """How much is measured. levels: ports; bursts_at: those of them with bursts; seconds: at most for one level.

    alone: whether our list without agent, which takes long, is in more than the rounds of the first level.
    """

    levels: tuple[int, ...]
    bursts_at: tuple[int, ...]
    rounds: int
    seconds: float
    delayed_rounds: int
    bursts: int
    alone: bool
    delays: tuple[int, ...] = (0, 5, 50)
    parallel: int = 40


FULL = Scale((0, 200, 500, 1000), (0, 500), rounds=40, seconds=75, delayed_rounds=15, bursts=3, alone=True)
QUICK = Scale((0, 500), (0,), rounds=10, seconds=6, delayed_rounds=3, bursts=1, alone=False)


def measure(scale: Scale, peers: Sequence[str], bridges: Sequence[str], scratch: Path, disk: Path) -> Results:
    """Everything but the soak. peers, bridges: as on the command line. scratch: an empty folder that goes afterwards.
    disk: a folder on a disk, for the journal.

    Raises BadConfig, NotAvailable.
    """
    with _started(scratch, scale.delays, bridges, scale.parallel) as (node, bench):
        everybody = contestants.built_in(node, scratch, disk) + [contestants.peer(one, scratch) for one in peers]
        results = Results(machine.describe(node.datapath, disk), [c.name for c in everybody])
        begin = parts.position(contestants.state(disk))
        _say(f"{', '.join(results.contestants)} on {results.machine['CPU']}")
        results.samples += bench.rounds([contestants.nothing(scratch)], Conditions(0), 30, 2, verbs=["DEL"])
        for delay in filter(None, scale.delays):
            ours = [c for c in contestants.built_in(node, scratch, disk, delay) if c.ours]
            _delayed(bench, [c for c in ours if scale.alone or c.name == OURS], delay, scale, results)
        for ports in scale.levels:
            _level(bench, node, ports, everybody, scale, results)
        results.samples = parts.attach(results.samples, contestants.state(disk), begin)
        results.memory = agent.resident(node.pids["agent"])
    return results


def memory(pairs: int, scratch: Path, disk: Path) -> Soak:
    """So many pairs of ADD and DEL through one agent. Raises NotAvailable, PluginFailed."""
    with _started(scratch, (0,), (), _SOAKED) as (node, bench):
        ours = next(c for c in contestants.built_in(node, scratch, disk) if c.name == OURS)
        containers = [bench.attachment(name) for name in bench.pods]
        return soak(ours, node.pids["agent"], containers, bench.cache, pairs, bench.stderr)


@contextmanager
def _started(
    scratch: Path, delays: Sequence[int], bridges: Sequence[str], containers: int
) -> Iterator[tuple[Node, Bench]]:
    with open(scratch / "stderr", "ab") as stderr, pods(max(containers, 1)) as names:
        node = start_node(scratch / "vsp", delays, bridges)
        with agent.running(contestants.agent_socket(scratch), stderr.fileno()) as pid:
            node.pids["agent"] = pid
            yield node, Bench(scratch / "cache", stderr.fileno(), node.pids, names)


def _delayed(bench: Bench, ours: Sequence[Contestant], delay: int, scale: Scale, results: Results) -> None:
    _say(f"VSD answering after {delay} ms")
    bench.rounds(ours, Conditions(0, delay), _WARM_UP, 0, least=_WARM_UP)
    results.samples += bench.rounds(ours, Conditions(0, delay), scale.delayed_rounds, scale.seconds)


def _level(
    bench: Bench, node: Node, ports: int, everybody: Sequence[Contestant], scale: Scale, results: Results
) -> None:
    _say(f"{ports} ports on the bridge")
    node.fill(ports)
    without = [contestant for contestant in everybody if scale.alone or contestant.name != ALONE]
    measured = everybody if ports == scale.levels[0] else without
    _insist(bench.rounds(measured, Conditions(ports), _WARM_UP, 0, least=_WARM_UP))
    results.samples += bench.rounds(measured, Conditions(ports), scale.rounds, scale.seconds)
    if ports in scale.bursts_at and scale.parallel:
        _say(f"{ports} ports on the bridge, {scale.parallel} ADDs at once")
        results.bursts += bench.bursts(without, Conditions(ports, parallel=scale.parallel), scale.bursts)


def _insist(samples: Sequence[Sample]) -> None:
    """Whoever fails when alone is not measured: there would be nothing but its failures. Raises NotAvailable."""
    for sample in samples:
        if sample.problem:
            raise NotAvailable(f"{sample.contestant} failed its first {sample.verb}: {sample.problem}")


def _say(sentence: str) -> None:
    print(f"  {sentence}", file=sys.stderr, flush=True)
