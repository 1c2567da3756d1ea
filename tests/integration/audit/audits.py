"""The audit of the lab's node, with a clock that the test sets and sources that the test plays."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nuage_chain.attachment.state import World
from nuage_chain.audit import networks
from nuage_chain.audit.plan import GRACE_SECONDS, Plan
from nuage_chain.audit.run import Applied, Auditor
from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.workloads import Listing, Source
from nuage_chain.vsd.once import Accounts
from tests.integration.lab import Lab


@dataclass
class Played:
    """A source that answers what the test wants; the real ones have tests of their own."""

    name: str
    answer: Listing

    def listing(self, deadline: Deadline) -> Listing:
        return self.answer


@dataclass
class Audits:
    """now: seconds since the boot, as the audit sees it. changes: to our entry, as `Lab.network` takes them.

    hostname, config: of the node that it runs on; the lab's file where there is no other.
    """

    lab: Lab
    folder: Path
    now: float = 1000.0
    sources: list[Source] = field(default_factory=list)
    grace: float = GRACE_SECONDS
    clock: Callable[[], float] = time.time
    changes: dict[str, Any] = field(default_factory=dict)
    hostname: str = field(default_factory=socket.gethostname)
    config: Path | None = None

    def auditor(self) -> Auditor:
        nets = self.folder / "net.d"
        nets.mkdir(exist_ok=True)
        network = self.lab.network("10-nuage.conflist", **self.changes)
        (nets / "10-nuage.conflist").write_text(json.dumps(json.loads(network.raw)))
        found = networks.read(nets, self.hostname, self.config or self.lab.config)
        assert found.problems == ()
        world = World(self.hostname, vsd=Accounts().session, clock=self.clock)
        return Auditor(found, world, self.sources, now=lambda: self.now)

    def plan(self) -> Plan:
        return self.auditor().plan(self.grace, Deadline(60))

    def apply(self, later: float = 0.0, wanted: str = "") -> Applied:
        self.now += later
        return self.auditor().apply(self.grace, Deadline(60), wanted)

    def twice(self) -> Applied:
        """Two sightings, the grace time apart."""
        self.apply()
        return self.apply(later=self.grace)

    def lists(self, *sandboxes: str, problem: str = "", name: str = "cri") -> None:
        answer = Listing(name, frozenset(sandboxes), frozenset(), problem)
        self.sources = [s for s in self.sources if s.name != name] + [Played(name, answer)]


def outcomes(applied: Applied) -> list[tuple[str, str]]:
    return [(done.action.kind.value, done.outcome) for done in applied.done]
