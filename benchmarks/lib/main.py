"""benchmarks/run inside its private namespaces: the arguments, and where the results go."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.lib import plot, report, soak, stages, targets
from benchmarks.lib.results import write
from benchmarks.lib.stages import Scale
from nuage_chain.errors import NuageChainError


def main() -> int:
    """The exit status: 0 where everything that was measured worked."""
    given = _arguments().parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-", dir="/run") as scratch:
            return _soak(given, Path(scratch)) if given.soak else _measure(given, Path(scratch))
    except NuageChainError as e:
        print(f"benchmarks/run: {e.message}\n  {e.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _measure(given: argparse.Namespace, scratch: Path) -> int:
    begin = time.monotonic()
    results = stages.measure(_scale(given), given.peer, given.bridge, scratch, _disk(given.output, scratch))
    results.seconds = time.monotonic() - begin
    print(report.text(results))
    write(results, given.output)
    (given.output / "results.svg").write_text(plot.picture(results), encoding="utf-8")
    print(f"\nAll samples: {given.shown}/results.json; plot: {given.shown}/results.svg")
    print(targets.one_line(results))
    return 1 if results.problems else 0


def _soak(given: argparse.Namespace, scratch: Path) -> int:
    found = stages.memory(given.soak, scratch, _disk(given.output, scratch))
    print("\n".join(soak.lines(found)))
    return 1 if found.failed else 0


def _disk(output: Path, scratch: Path) -> Path:
    """The folder of the results by its own name, which other processes can use; memory where it is hidden in here."""
    own = output.resolve()
    return own if own.is_dir() and own.samefile(output) else scratch


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


def _scale(given: argparse.Namespace) -> Scale:
    scale = stages.QUICK if given.quick else stages.FULL
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


if __name__ == "__main__":
    sys.exit(main())
