"""ADDs and DELs in random order, in parallel, some killed, while the audit runs: what should be there is there."""

from __future__ import annotations

import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.audit.run import Auditor
from nuage_chain.deadline import Deadline
from tests.integration.attachment.inprocess import answer
from tests.integration.audit.audits import Audits
from tests.integration.lab import EXECUTABLE, NOTHING, Container, Lab

pytestmark = [pytest.mark.root, pytest.mark.timeout(1200)]

CALLS, LONG_CALLS = 200, 2000
WORKERS, CONTAINERS = 4, 6
KILLED = 0.15
SEED = 20


@dataclass
class Worker:
    """One runtime's worth of containers; nobody else calls about them.

    attached: by its last call that was answered. unknown: its last call was killed.
    """

    lab: Lab
    containers: list[tuple[Container, dict[str, Any]]]
    dice: random.Random
    attached: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def work(self, calls: int) -> None:
        for _ in range(calls):
            container, previous = self.dice.choice(self.containers)
            activation = "split" if int(container.name[-1]) % 2 else "metadata"
            # Of one whose call was killed nothing is known, as to a runtime, until it has been deleted.
            verb = "DEL" if container.id in self.unknown else self.dice.choice(("ADD", "DEL"))
            entry = self.lab.entry(previous, activation=activation)
            if self.dice.random() < KILLED:
                self.killed(verb, container, entry)
                self.unknown.add(container.id)
            else:
                self.called(verb, container, entry)
        for container, _ in self.containers:
            if container.id in self.unknown:
                self.called("DEL", container, self.lab.entry())

    def called(self, verb: str, container: Container, entry: dict[str, Any]) -> None:
        done = answer(self.lab, verb, container, entry)
        was = container.id in self.attached
        if verb == "DEL":
            assert done.status == 0, done.document
            self.attached.discard(container.id)
            self.unknown.discard(container.id)
            # With a whole list the veth would go now, and its addresses with it.
            container.sh("ip", "address", "flush", "dev", "eth0", "scope", "global")
        elif was:
            assert done.document["code"] == 105, done.document
        else:
            assert done.status == 0, done.document
            self.attached.add(container.id)
        self.counts[f"{verb} {'refused' if done.status else 'done'}"] += 1

    def killed(self, verb: str, container: Container, entry: dict[str, Any]) -> None:
        process = subprocess.Popen(
            [EXECUTABLE], env=self.lab.environment(verb, container), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(json.dumps(entry).encode())
        process.stdin.close()
        try:
            process.wait(self.dice.uniform(0.1, 1.2))
            self.counts[f"{verb} ended before it was killed"] += 1
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            self.counts[f"{verb} killed"] += 1


def auditing(auditor: Auditor, until: threading.Event, counts: Counter[str]) -> None:
    while not until.is_set():
        applied = auditor.apply(0.0, Deadline(60))
        counts["audits"] += 1
        counts.update(f"audit: {d.action.kind.value} {d.outcome}" for d in applied.done)
        assert [d.why for d in applied.done if d.outcome == "failed"] == []
        until.wait(0.2)


def test_after_many_random_calls_exactly_what_should_be_there_is_there(
    lab: Lab, tmp_path: Path, pytestconfig: pytest.Config, tell: Callable[[str], None]
) -> None:
    calls = LONG_CALLS if pytestconfig.getoption("long") else CALLS
    dice = random.Random(SEED)  # noqa: S311 - repeatable, and nothing is kept secret by it
    workers = []
    for number in range(WORKERS):
        named = [lab.container(f"w{number}c{n}") for n in range(CONTAINERS)]
        workers.append(Worker(lab, [(c, lab.veth(c)) for c in named], random.Random(dice.random())))  # noqa: S311 - the same
    before = lab.left()
    counts: Counter[str] = Counter()
    end = threading.Event()
    with ThreadPoolExecutor(WORKERS + 1) as pool:
        audit = pool.submit(auditing, Audits(lab, tmp_path).auditor(), end, counts)
        try:
            for done in [pool.submit(worker.work, calls // WORKERS) for worker in workers]:
                done.result()
        finally:
            end.set()
        audit.result()
    expected = set().union(*(worker.attached for worker in workers))
    for worker in workers:
        counts.update(worker.counts)
    tell(f"random calls: {dict(sorted(counts.items()))}; {len(expected)} attached at the end")
    assert min(counts[what] for what in ("ADD killed", "DEL killed", "audits")) > 0, counts
    everybody = [pair for worker in workers for pair in worker.containers]
    each = ("ports", "port rows", "VM rows", "containers", "vPorts")
    lab.settle(before | dict.fromkeys(each, len(expected)), seconds=10)
    assert {row["external_ids"][1] and dict(row["external_ids"][1])["nuage-chain-container"]
            for row in lab.rows("Port") if row["name"] != "alubr0"} == expected  # fmt: skip
    for container, _ in everybody:
        assert container.pings("10.10.1.1") == (container.id in expected), container.name
    for container, _ in everybody:
        assert answer(lab, "DEL", container, lab.entry()).status == 0
        lab.unveth(container)
    lab.settle(NOTHING)
    Path("/var/lib/nuage-chain/audit.json").unlink(missing_ok=True)
