"""The attachments in libcni's cache, which its runtime removes when DEL has succeeded."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.cni.runtime.cache import Cache
from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.workloads import Listing


class Cached:
    """The cache in `folder`."""

    name = "libcni's cache"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def listing(self, deadline: Deadline) -> Listing:
        """A file that cannot be read may be about any container: then nothing may be concluded."""
        results = self.folder / "results"
        try:
            files = [path for path in results.iterdir() if path.is_file()]
        except FileNotFoundError:
            return Listing(self.name)
        except OSError as e:
            return Listing(self.name, problem=f"{results} cannot be read: {e.strerror}.")
        found = Cache(self.folder).attachments()
        if len(found) < len(files):
            return Listing(self.name, problem=f"{len(files) - len(found)} file(s) in {results} cannot be read.")
        return Listing(self.name, sandboxes=frozenset(one.attachment.container_id for one in found))
