"""A state directory as something that one command at a time works on, and that can be removed again."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable, NuageChainError
from nuage_chain.vsp.layout import Layout

OWN_NAMES = ("run", "log", "db", "vsd", "tls", "nodes", "plugin", "csproot.password", "config.yaml", "vsp.json", "lock")
"""What the project puts into a state directory; `purge` removes nothing else."""


@contextlib.contextmanager
def locked(layout: Layout, deadline: Deadline) -> Iterator[None]:
    """Alone with the directory. Raises NotAvailable when another command is at work on it for too long."""
    with layout.lock_file.open("a") as f:
        while True:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                try:
                    time.sleep(deadline.left("the lock", 0.05))
                except NuageChainError as e:
                    raise NotAvailable(f"Another `vsp` command is at work on {layout.state}.") from e
        yield


def purge(layout: Layout) -> None:
    """Remove what is ours, and the directory when nothing else is in it."""
    for name in OWN_NAMES:
        path = layout.state / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        layout.state.rmdir()
