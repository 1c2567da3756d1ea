"""The measuring: rounds in which everybody has one turn, and bursts in which one has many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.lib.contestants import Contestant
from benchmarks.lib.driver import Driver, Step
from benchmarks.lib.switch import run_batch
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError

VERBS = ("ADD", "CHECK", "STATUS", "DEL")
_CALL_SECONDS = 60
# clock_gettime's number for the CPU time of another process, all its threads included (clock_getcpuclockid(3)).
_PROCESS_CLOCK = 2


@dataclass(frozen=True)
class Conditions:
    """What is varied. ports: on the bridge already; delay: of VSD, in ms; parallel: how many calls at once."""

    ports: int
    delay: int = 0
    parallel: int = 1


@dataclass(frozen=True)
class Sample:
    """One verb on one whole list. wall, cpu: seconds; cpu of the plugins' processes; daemons: CPU seconds by name.

    problem: empty, or why it failed; what failed is not counted as a time. traced, spans: seconds that our plugin says
    it took in all, and for what (kind, name, seconds).
    """

    contestant: str
    verb: str
    at: Conditions
    turn: int
    wall: float
    steps: tuple[Step, ...]
    daemons: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""
    container: str = ""
    traced: float = 0.0
    spans: tuple[tuple[str, str, float], ...] = ()

    @property
    def cpu(self) -> float:
        """Of all plugins of the list."""
        return sum(step.cpu for step in self.steps)


@dataclass(frozen=True)
class Burst:
    """Many calls of one verb at once. wall: seconds first start to last end; cpu: of all."""

    contestant: str
    verb: str
    at: Conditions
    turn: int
    wall: float
    cpu: float
    done: int
    problems: tuple[str, ...]
    daemons: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Successful calls per second."""
        return self.done / self.wall


@dataclass
class Bench:
    """Where it is measured. pods: namespaces to attach; pids: the daemons whose CPU is looked at, by name."""

    cache: Path
    stderr: int
    pids: Mapping[str, int]
    pods: Sequence[str]
    _calls: int = 0

    def rounds(
        self,
        contestants: Sequence[Contestant],
        at: Conditions,
        rounds: int,
        seconds: float,
        *,
        least: int = 3,
        verbs: Sequence[str] = VERBS,
    ) -> list[Sample]:
        """Each contestant's verbs once a round, in an order that turns.

        It ends after `rounds`, or after `seconds` and `least` rounds.
        """
        samples: list[Sample] = []
        end = time.monotonic() + seconds
        for turn in range(rounds):
            if turn >= least and time.monotonic() > end:
                break
            first = turn % len(contestants)
            for contestant in (*contestants[first:], *contestants[:first]):
                samples += self._once(contestant, at, turn, verbs)
        return samples

    def bursts(self, contestants: Sequence[Contestant], at: Conditions, turns: int) -> list[Burst]:
        """Each contestant's ADDs all at once, then its DELs, so many turns."""
        found: list[Burst] = []
        for turn in range(turns):
            first = turn % len(contestants)
            for contestant in (*contestants[first:], *contestants[:first]):
                pods = [self.attachment(pod) for pod in self.pods[: at.parallel]]
                found += [self._burst(contestant, verb, pods, at, turn) for verb in ("ADD", "DEL")]
        return found

    def _once(self, contestant: Contestant, at: Conditions, turn: int, verbs: Sequence[str]) -> Iterator[Sample]:
        pod = self.attachment(self.pods[0])
        for verb in verbs:
            network = _network(contestant, verb)
            if network is not None:
                yield self._call(contestant, verb, network, pod, at, turn)

    def _call(
        self, contestant: Contestant, verb: str, network: Network, pod: Attachment, at: Conditions, turn: int
    ) -> Sample:
        driver = Driver(self.stderr)
        act = _action(Runtime(contestant.folders, self.cache, run=driver), verb, network, pod)
        with self._watched() as daemons:
            begin = time.perf_counter()
            problem = _problem(act)
            wall = time.perf_counter() - begin
        return Sample(contestant.name, verb, at, turn, wall, tuple(driver.steps), daemons, problem, pod.container_id)

    def _burst(self, contestant: Contestant, verb: str, pods: Sequence[Attachment], at: Conditions, turn: int) -> Burst:
        gate = threading.Barrier(len(pods) + 1)

        def one(pod: Attachment) -> tuple[str, float]:
            driver = Driver(self.stderr)
            act = _action(Runtime(contestant.folders, self.cache, run=driver), verb, contestant.network, pod)
            gate.wait()
            problem = _problem(act)
            return problem, sum(step.cpu for step in driver.steps)

        with ThreadPoolExecutor(len(pods)) as pool, self._watched() as daemons:
            waiting = [pool.submit(one, pod) for pod in pods]
            gate.wait()
            begin = time.perf_counter()
            outcomes = [future.result() for future in waiting]
            wall = time.perf_counter() - begin
        problems = tuple(problem for problem, _ in outcomes if problem)
        cpu = sum(used for _, used in outcomes)
        return Burst(contestant.name, verb, at, turn, wall, cpu, len(pods) - len(problems), problems, daemons)

    def attachment(self, pod: str) -> Attachment:
        """A container of that namespace that has not been there before."""
        self._calls += 1
        args = [("IgnoreUnknown", "1"), ("K8S_POD_NAMESPACE", "bench"), ("K8S_POD_NAME", pod)]
        return Attachment(f"bench-{self._calls}", f"/run/netns/{pod}", "eth0", args)

    @contextmanager
    def _watched(self) -> Iterator[dict[str, float]]:
        """The CPU that daemons use meanwhile, filled in at the end."""
        used: dict[str, float] = {}
        before = {name: cpu_of(pid) for name, pid in self.pids.items()}
        yield used
        used.update({name: cpu_of(pid) - before[name] for name, pid in self.pids.items()})


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used, its threads of the past included."""
    return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)


@contextmanager
def pods(count: int) -> Iterator[list[str]]:
    """So many empty network namespaces by the names they have in /run/netns."""
    names = [f"bench-{n}" for n in range(count)]
    run_batch([f"netns add {name}" for name in names])
    try:
        yield names
    finally:
        run_batch([f"netns delete {name}" for name in names])


def _problem(act: Callable[[], object]) -> str:
    """Why it failed; empty where it did not."""
    try:
        act()
    except NuageChainError as e:
        return str(e)
    return ""


def _network(contestant: Contestant, verb: str) -> Network | None:
    return {"CHECK": contestant.check, "STATUS": contestant.status}.get(verb, contestant.network)


def _action(runtime: Runtime, verb: str, network: Network, pod: Attachment) -> Callable[[], object]:
    deadline = Deadline(_CALL_SECONDS)
    return {
        "ADD": lambda: runtime.add_or_clean(network, pod, deadline),
        "CHECK": lambda: runtime.check(network, pod, deadline),
        "STATUS": lambda: runtime.status(network, deadline),
        "DEL": lambda: runtime.delete(network, pod, deadline),
    }[verb]
