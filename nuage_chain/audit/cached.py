"""The attachments in libcni's cache, which its runtime removes when DEL has succeeded."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.cni.runtime.cache import Cache
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.orchestrators.workloads import Listing


class Cached:
    """The cache in `folder`."""

    name = "libcni's cache"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def listing(self, deadline: Deadline) -> Listing:
        """A file that cannot be read may be about any container: then nothing may be concluded."""
        try:
            deadline.left(f"reading {self.name}")
            contents = Cache(self.folder).contents()
        except NuageChainError as e:
            return self._said(problem=e.message)
        if contents.strange:
            first, others = contents.strange[0], len(contents.strange) - 1
            more = f", nor that of {others} more" if others else ""
            return self._said(problem=f"nobody can tell whose result {first} is{more}.")
        return self._said(frozenset(one.attachment.container_id for one in contents.found))

    def _said(self, sandboxes: frozenset[str] = frozenset(), problem: str = "") -> Listing:
        return Listing(self.name, sandboxes, problem=problem, weak=True)
