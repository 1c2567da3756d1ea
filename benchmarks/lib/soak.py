"""Many ADDs and DELs of our step through one agent, to see whether its memory stays as it is."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.lib import figures
from benchmarks.lib.agent import resident
from benchmarks.lib.contestants import OURS, Contestant
from benchmarks.lib.driver import Driver
from nuage_chain.cni.runtime import execute
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.deadline import Deadline

_LOOKS = 100
_CALL_SECONDS = 60
FLAT = 1_000_000
"""What the agent may grow by, bytes: allocators keep a little of what was used at once."""


@dataclass
class Soak:
    """memory: pairs done, and bytes then, evenly over the run. failed: why calls did not succeed."""

    pairs: int
    memory: list[tuple[int, int]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """Bytes from the second tenth of the run to its last; the first is for warming up."""
        tenth = max(len(self.memory) // 10, 1)
        sizes = [size for _, size in self.memory]
        return figures.median(sizes[-tenth:]) - figures.median(sizes[tenth : 2 * tenth] or sizes[:1])


def lines(found: Soak) -> Iterator[str]:
    """The memory on its way, and what became of it; that is the last line."""
    for number, size in found.memory[:: max(len(found.memory) // 10, 1)]:
        yield f"after {number} pairs: {size / 1e6:.1f} MB"
    yield from dict.fromkeys(found.failed[:10])
    last, growth = found.memory[-1][1] / 1e6, found.growth / 1e6
    yield (
        f"The agent has {last:.1f} MB after {found.pairs} pairs of ADD and DEL; {len(found.failed)} calls failed."
        f" From the second tenth of the run to the last it grew by {growth:.2f} MB,"
        f" which is {'flat' if found.growth <= FLAT else f'not flat: at most {FLAT / 1e6:g}'}."
    )


def soak(ours: Contestant, pid: int, pods: Sequence[Attachment], cache: Path, pairs: int, stderr: int) -> Soak:
    """So many pairs in all, on each of the containers at once. pid: the agent's.

    The veth pairs stay: after a DEL the host end is there as before, and the next ADD finds it.
    """
    found, numbers, lock = Soak(pairs), itertools.count(1), threading.Lock()
    every = max(pairs // _LOOKS, 1)

    def work(pod: Attachment) -> None:
        previous = _veth(ours, pod, cache, stderr)
        for number in iter(numbers.__next__, None):
            if number > pairs:
                break
            problems = list(_pair(ours, replace(pod, container_id=f"soak-{number}"), previous, stderr))
            with lock:
                found.failed += problems
                if number % every == 0:
                    found.memory.append((number, resident(pid)))

    with ThreadPoolExecutor(len(pods)) as pool:
        for future in [pool.submit(work, pod) for pod in pods]:
            future.result()
    return found


def _veth(ours: Contestant, pod: Attachment, cache: Path, stderr: int) -> dict[str, object]:
    """What the plugins before ours make, once."""
    before = replace(ours.network, plugins=ours.network.plugins[:-1])
    return Runtime(ours.folders, cache, run=Driver(stderr)).add(before, pod, Deadline(_CALL_SECONDS))


def _pair(ours: Contestant, pod: Attachment, previous: dict[str, object], stderr: int) -> Iterator[str]:
    """ADD and DEL; why they failed."""
    program = execute.find_plugin(OURS, ours.folders)
    config = {**ours.network.plugins[-1].config, "name": ours.network.name, "cniVersion": ours.network.version}
    given = json.dumps(config | {"prevResult": previous}).encode()
    for verb in ("ADD", "DEL"):
        environment = execute.variables(verb, pod, ours.folders, {})
        finished = Driver(stderr)(program, environment, given, Deadline(_CALL_SECONDS))
        if finished.status:
            yield f"{verb}: {finished.stdout.decode(errors='replace').strip()}"
