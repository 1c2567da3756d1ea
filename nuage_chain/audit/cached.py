"""The attachments in libcni's cache, which its runtime removes when DEL has succeeded.

podman, for one, calls no DEL for what a reboot has ended: the file stays, and the namespace that it names is gone.
libcni does not wait for the disk: after a power cut the file of one that had just started is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nuage_chain.cni.runtime.cache import Cache
from nuage_chain.cni.runtime.cache import Cached as Entry
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.link.kernel import booted_at
from nuage_chain.orchestrators.workloads import Listing


class Cached:
    """The cache in `folder`. booted: since when this boot runs, Unix seconds."""

    name = "libcni's cache"

    def __init__(self, folder: Path, booted: Callable[[], float] = booted_at) -> None:
        self.folder = folder
        self._booted = booted

    def listing(self, deadline: Deadline) -> Listing:
        """A file that cannot be read may be about any container of this boot: then nothing may be concluded."""
        try:
            deadline.left(f"reading {self.name}")
            contents = Cache(self.folder).contents()
        except NuageChainError as e:
            return self._said(problem=e.message)
        strange = [path for path in contents.strange if self._of_this_boot(path)]
        if strange:
            first, others = strange[0], len(strange) - 1
            more = f", nor that of {others} more" if others else ""
            return self._said(problem=f"nobody can tell whose result {first} is{more}.")
        return self._said(frozenset(one.attachment.container_id for one in contents.found if _may_be_there(one)))

    def _of_this_boot(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime >= self._booted()
        except FileNotFoundError:
            return False

    def _said(self, sandboxes: frozenset[str] = frozenset(), problem: str = "") -> Listing:
        return Listing(self.name, sandboxes, problem=problem, weak=True)


def _may_be_there(one: Entry) -> bool:
    """Not every libcni writes the namespace down; the result has it as well."""
    interfaces = (one.result or {}).get("interfaces")
    sandboxes = [i.get("sandbox") for i in interfaces if isinstance(i, dict)] if isinstance(interfaces, list) else []
    paths = [path for path in (one.attachment.netns, *sandboxes) if path and isinstance(path, str)]
    return not paths or any(Path(path).exists() for path in paths)
