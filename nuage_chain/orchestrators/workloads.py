"""Which workloads an orchestrator lists as existing, as far as it can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nuage_chain.deadline import Deadline


@dataclass(frozen=True)
class Listing:
    """What one source answers. sandboxes: container IDs; pods: UIDs. problem: why nothing may be concluded from it.

    weak: it only knows that nobody has called DEL, so it keeps nothing that is gone, and its silence ends nothing.
    """

    source: str
    sandboxes: frozenset[str] = frozenset()
    pods: frozenset[str] = frozenset()
    problem: str = ""
    weak: bool = False

    @property
    def empty(self) -> bool:
        """Whether it lists nothing at all."""
        return not (self.sandboxes or self.pods)

    def lists(self, container_id: str, pod_uid: str) -> bool:
        """Whether it says that this workload exists."""
        return container_id in self.sandboxes or (bool(pod_uid) and pod_uid in self.pods)


class Source(Protocol):
    """A source that is configured, or whose usual socket exists."""

    name: str

    def listing(self, deadline: Deadline) -> Listing:
        """Never raises for what the source does: a failure is in `problem`."""
