"""One run of the audit: look, judge, and, if asked to, act and remember."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nuage_chain.attachment.state import World
from nuage_chain.audit import inventory, memory
from nuage_chain.audit.apply import Done, carry_out
from nuage_chain.audit.calls import Calls
from nuage_chain.audit.facts import Facts
from nuage_chain.audit.gather import gather
from nuage_chain.audit.inventory import Inventory
from nuage_chain.audit.memory import Memory
from nuage_chain.audit.networks import Networks
from nuage_chain.audit.plan import Kind, Plan, plan, summary
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError, TryAgainLater
from nuage_chain.link.kernel import boot_id
from nuage_chain.orchestrators.workloads import Source

# A writer that has not ended after that has been killed.
_HALF_WRITTEN_SECONDS = 3600


class Changed(NuageChainError):
    """The world is not the one that the plan was made for."""

    code = 111
    hint = "Look at `nuage-chain audit plan` again, and apply that one."


class AuditRuns(TryAgainLater):
    """Another audit is at it."""

    hint = "It ends by itself; what it does is what this one would have done."


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Auditor:
    """What the audit acts on. now: seconds since the boot; the clock on the wall may jump. boot: the boot's ID."""

    networks: Networks
    world: World
    sources: Sequence[Source] = ()
    now: Callable[[], float] = _since_boot
    boot: Callable[[], str] = boot_id

    @property
    def memory_file(self) -> Path:
        """Where it remembers."""
        return memory.file_of(self.networks.node)

    def plan(self, grace: float, deadline: Deadline) -> Plan:
        """What it would do now. Changes nothing, and remembers nothing."""
        return self._look(grace, deadline)[0]

    def apply(self, grace: float, deadline: Deadline, wanted: str = "") -> Applied:
        """Does it. wanted: the hash of the plan that was looked at, empty for whatever there is to do.

        Raises Changed, before anything is done; AuditRuns.
        """
        with self._alone():
            made, judged, before, found = self._look(grace, deadline)
            if wanted and made.hash != wanted:
                raise Changed(
                    f"The plan is {made.hash} by now, not {wanted}: the world has changed. Nothing was done."
                    f" It would be now: {summary(made)}."
                )
            self._remember(made, judged, before, found)
            done = carry_out(made.actions, self.networks, self.world, deadline)
            after = self._remember(made, judged, before, found, done)
            self.world.journal(self.networks.node).sweep(self.world.clock() - _HALF_WRITTEN_SECONDS)
            return Applied(made, done, judged, after.counted, after.succeeded)

    def _look(self, grace: float, deadline: Deadline) -> tuple[Plan, list[Facts], Memory, Inventory]:
        before = memory.load(self.memory_file)
        found = gather(self.networks, self.world, self.sources, before, deadline)
        judged = inventory.facts(found, before)
        made = plan(judged, before, boot=self.boot(), now=self.now(), grace=grace, problems=found.problems)
        made = dataclasses.replace(made, unknown=inventory.unknown(found, before))
        return made, judged, before, found

    def _remember(
        self,
        made: Plan,
        judged: Sequence[Facts],
        before: Memory,
        found: Inventory,
        done: Sequence[Done] | None = None,
    ) -> Memory:
        """done: None before anything is done, which may be the last that is heard of this run."""
        gone = {d.action.facts.key for d in done or () if d.outcome == "done" and d.action.kind is not Kind.PUT_BACK}
        kept = inventory.remembered(judged, before, found)
        failed = done is None or any(d.outcome == "failed" for d in done)
        after = Memory(
            boot=self.boot(),
            suspects={key: since for key, since in made.suspects.items() if key not in gone},
            attached={key: one for key, one in kept.items() if key not in gone},
            counted=before.counted.after(Path(self.networks.node.text("stateDir"))),
            succeeded=before.succeeded if failed else self.world.clock(),
        )
        memory.store(self.memory_file, after)
        return after

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = Path(self.networks.node.text("runDir")) / "audit.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as e:
                if e.errno != errno.EWOULDBLOCK:
                    raise
                raise AuditRuns("Another audit is running.") from e
            yield
        finally:
            with contextlib.suppress(OSError):
                os.close(fd)


@dataclass(frozen=True)
class Applied:
    """A plan that was carried out. done: one for each action, as they came. calls: counted since the first audit.

    succeeded: when an audit last had no failure, Unix seconds, 0 for never.
    """

    plan: Plan
    done: Sequence[Done] = ()
    judged: Sequence[Facts] = ()
    calls: Calls = field(default_factory=Calls)
    succeeded: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing failed."""
        return all(one.outcome != "failed" for one in self.done)
