"""How an embedded VSP grows: nodes on this machine, containers on them, and nodes that listen to VSD.

Run by benchmarks/scale inside namespaces of its own. Every figure is printed as it is measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lib import consumption, figures, machine, pollers
from benchmarks.lib.nodes import Nodes, pings
from nuage_chain.errors import NuageChainError

IDLE_SECONDS = 10.0
SPARE_MEGABYTES = 1500.0
WINDOWS = ((1, 1), (2, 10), (91, 100), (491, 500), (991, 1000), (1991, 2000))


def main() -> None:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/run"))
    try:
        for name, value in machine.describe("netdev", folder).items():
            if name not in ("reference plugins", "fsync of a file"):
                print(f"{name}: {value}", flush=True)
        if options.pollers:
            _pollers(options.pollers, folder)
        if options.nodes:
            _nodes(options.nodes, options.containers, folder / "vsp")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pollers(counts: Sequence[int], folder: Path) -> None:
    pollers.room(max(counts))
    print("\n| nodes that listen | until the last has a change, ms | VSD's CPU for it, s | VSD's memory, MB |")
    print("|---|---|---|---|")
    state = folder / "vsd"
    state.mkdir()
    for row in pollers.measure(sorted(counts), state):
        print(f"| {row.count} | {row.delay:.0f} | {row.cpu:.2f} | {row.megabytes:.0f} |", flush=True)


def _nodes(counts: Sequence[int], containers: int, state: Path) -> None:
    vsp = Nodes(state)
    try:
        print("\n| nodes | s for each more | MB a node | MB of the centre | idle: % of a core, all | MB left |")
        print("|---|---|---|---|---|---|")
        for count in sorted(counts):
            if not _grow(vsp, count):
                break
        print()
        _table_of_processes(vsp)
        if containers:
            _containers(vsp, containers)
    finally:
        vsp.down()


def _grow(vsp: Nodes, count: int) -> bool:
    """Whether there is room for more."""
    before = len(vsp.made)
    try:
        took = vsp.grow(count)
    except NuageChainError as e:
        print(f"\n{count} nodes do not come up: {e.message}")
        return False
    if not before:
        vsp.seed()
    here, centre = _memory(vsp)
    shares = consumption.shares(vsp.pids(), IDLE_SECONDS)
    left = consumption.available()
    print(
        f"| {count} | {took / (count - before):.1f} | {here / count:.0f} | {centre:.0f} | {sum(shares.values()):.1f} "
        f"| {left:.0f} |",
        flush=True,
    )
    return left > SPARE_MEGABYTES


CENTRE = ("vsd", "engine", "ovnnb", "ovnsb", "ovn-northd")


def _memory(vsp: Nodes) -> tuple[float, float]:
    by_name = {name: sum(map(consumption.memory, pids)) for name, pids in vsp.pids().items()}
    centre = sum(size for name, size in by_name.items() if name in CENTRE)
    return sum(by_name.values()) - centre, centre


def _table_of_processes(vsp: Nodes) -> None:
    print("| process | MB | idle: % of a core |")
    print("|---|---|---|")
    shares = consumption.shares(vsp.pids(), IDLE_SECONDS)
    for name, pids in vsp.pids().items():
        size = figures.median([consumption.memory(pid) for pid in pids])
        print(f"| {name} | {size:.1f} | {shares[name] / len(pids):.2f} |", flush=True)


def _containers(vsp: Nodes, containers: int) -> None:
    times = []
    numbers = sorted(vsp.made)
    for count in range(containers):
        times.append(vsp.attach(numbers[count % len(numbers)]))
        if count + 1 == len(numbers):
            _ring(vsp)
    print("\n| ADD of container | ms, median | least | most |")
    print("|---|---|---|---|")
    for first, last in WINDOWS:
        if last <= containers:
            some = [1000 * seconds for seconds in times[first - 1 : last]]
            name = f"{first}" if first == last else f"{first} to {last}"
            print(f"| {name} | {figures.median(some):.0f} | {min(some):.0f} | {max(some):.0f} |")
    print(f"\nwith {containers} containers:")
    _table_of_processes(vsp)
    for name in ("ovnnb", "ovnsb"):
        size = (vsp.state / "db" / f"{name}.db").stat().st_size / 1e6
        print(f"{name}.db has {size:.1f} MB.")
    print(f"Load at the end: {os.getloadavg()[0]:.1f}.")


def _ring(vsp: Nodes) -> None:
    """A container on each node pings that of the next node."""
    some = vsp.containers
    best = [pings(one, other) for one, other in zip(some, [*some[1:], some[0]], strict=True)]
    found = [took for took in best if took is not None]
    print(f"\n{len(found)} of {len(best)} pings from a node to the next are answered, {figures.median(found):.2f} ms.")


def _options() -> argparse.Namespace:
    def counts(text: str) -> list[int]:
        return [int(number) for number in text.split(",") if int(number)]

    parser = argparse.ArgumentParser(prog="benchmarks/scale", description=__doc__)
    parser.add_argument("--nodes", type=counts, default="1,3,10,20", help="numbers of nodes (default: %(default)s)")
    parser.add_argument("--containers", type=int, default=1000, help="attached on them in turn (default: %(default)s)")
    parser.add_argument("--pollers", type=counts, default="1,100,1000", help="numbers of listeners (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
