"""benchmarks/run inside its private namespaces: the arguments, the order of what is measured, where results go."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.lib import agent, contestants, machine, plot, report, soak, targets
from benchmarks.lib.contestants import ALONE, OURS, Contestant
from benchmarks.lib.measure import Bench, Conditions, Sample, pods
from benchmarks.lib.results import Results, write
from benchmarks.lib.switch import Node, start_node
from nuage_chain.errors import NotAvailable, NuageChainError

_WARM_UP = 1
SOAKED = 4


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


def main() -> int:
    """The exit status: 0 where everything that was measured worked."""
    given = _arguments().parse_args()
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-", dir="/run") as scratch:
            if given.soak:
                return _soak(given.soak, Path(scratch))
            results = _measure(given, Path(scratch))
    except NuageChainError as e:
        print(f"benchmarks/run: {e.message}\n  {e.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    results.seconds = time.monotonic() - begin
    print(report.text(results))
    write(results, given.output)
    (given.output / "results.svg").write_text(plot.picture(results), encoding="utf-8")
    print(f"\nAll samples: {given.shown}/results.json; plot: {given.shown}/results.svg")
    print(targets.one_line(results))
    return 1 if results.problems else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run", description="Measures our chain beside others, in turns, on this machine."
    )
    parser.add_argument("--quick", action="store_true", help="less of everything, in under 50 seconds")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=CONFLIST[:BIN_DIR]")
    parser.add_argument("--bridge", action="append", default=[], help="a further Open vSwitch bridge, for a peer")
    parser.add_argument("--soak", type=int, metavar="N", help="only N pairs of ADD and DEL, and the agent's memory")
    parser.add_argument("--rounds", type=int, help="rounds at each number of ports")
    parser.add_argument("--levels", type=_numbers, help="numbers of ports that are there already, as 0,200,500,1000")
    parser.add_argument(
        "--delays", type=_numbers, help="milliseconds after which VSD answers, as 0,5,50; 0 is always measured"
    )
    parser.add_argument("--parallel", type=int, help="ADDs at once in a burst; 0 for no bursts")
    parser.add_argument(
        "--output", type=Path, default="benchmarks/out", help="folder for results.json and results.svg (%(default)s)"
    )
    parser.add_argument("--shown", default="", help=argparse.SUPPRESS)
    return parser


def _measure(given: argparse.Namespace, scratch: Path) -> Results:
    scale = _scale(given)
    with open(scratch / "stderr", "ab") as stderr, pods(max(scale.parallel, 1)) as names:
        node = start_node(scratch, scale.delays, given.bridge)
        with agent.running(contestants.agent_socket(scratch), stderr.fileno()) as pid:
            node.pids["agent"] = pid
            bench = Bench(scratch / "cache", stderr.fileno(), node.pids, names)
            everybody = contestants.built_in(node, scratch) + [contestants.peer(one, scratch) for one in given.peer]
            results = Results(machine.describe(node.datapath), [c.name for c in everybody])
            _say(f"{', '.join(results.contestants)} on {results.machine['CPU']}")
            results.samples += bench.rounds([contestants.nothing(scratch)], Conditions(0), 30, 2, verbs=["DEL"])
            _delayed(bench, node, scratch, scale, results)
            for ports in scale.levels:
                _level(bench, node, ports, everybody, scale, results)
            results.memory = agent.resident(pid)
    return results


def _soak(pairs: int, scratch: Path) -> int:
    with open(scratch / "stderr", "ab") as stderr, pods(SOAKED) as names:
        node = start_node(scratch, (0,), ())
        with agent.running(contestants.agent_socket(scratch), stderr.fileno()) as pid:
            bench = Bench(scratch / "cache", stderr.fileno(), node.pids, names)
            ours = next(c for c in contestants.built_in(node, scratch) if c.name == OURS)
            attachments = [bench.attachment(name) for name in names]
            found = soak.soak(ours, pid, attachments, bench.cache, pairs, stderr.fileno())
    print("\n".join(soak.lines(found)))
    return 1 if found.failed else 0


def _delayed(bench: Bench, node: Node, scratch: Path, scale: Scale, results: Results) -> None:
    for delay in filter(None, scale.delays):
        ours = [c for c in contestants.built_in(node, scratch, delay) if c.ours and (scale.alone or c.name == OURS)]
        _say(f"VSD answering after {delay} ms")
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


def _scale(given: argparse.Namespace) -> Scale:
    scale = QUICK if given.quick else FULL
    rounds = given.rounds or scale.rounds
    return replace(
        scale,
        levels=tuple(sorted(given.levels or scale.levels)),
        rounds=rounds,
        delays=tuple(sorted({0, *(scale.delays if given.delays is None else given.delays)})),
        delayed_rounds=min(scale.delayed_rounds, rounds),
        bursts=min(scale.bursts, rounds),
        parallel=scale.parallel if given.parallel is None else given.parallel,
    )


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _say(sentence: str) -> None:
    print(f"  {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
