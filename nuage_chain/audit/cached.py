"""The attachments in libcni's cache: an entry is made by an ADD, and stays until a DEL has succeeded.

So it stays for ever where no DEL ever comes, and says nothing against a kernel that has no sandbox any more.
"""

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
            return Listing(self.name, weak=True)
        except OSError as e:
            return Listing(self.name, problem=f"{results} cannot be read: {e.strerror}.", weak=True)
        found = Cache(self.folder).attachments()
        if len(found) < len(files):
            unread = f"{len(files) - len(found)} file(s) in {results} cannot be read."
            return Listing(self.name, problem=unread, weak=True)
        return Listing(self.name, sandboxes=frozenset(one.attachment.container_id for one in found), weak=True)
