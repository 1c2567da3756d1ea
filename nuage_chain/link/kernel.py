"""One way into netlink: errors become ours, and a socket is closed in the thread that opened it.

Links are asked for one by one, by name or index; a dump of all links takes 300 ms on a busy node and may be
interrupted there (shared/notes/field-notes.md 7).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nuage_chain.errors import KernelRefused

_NO_SUCH_DEVICE = 19


@contextmanager
def netlink(doing: str) -> Iterator[IPRoute]:
    """A route netlink socket in the network namespace of this thread.

    doing: what the caller is about, for the message of the KernelRefused that a refusal turns into.
    """
    try:
        with IPRoute() as ipr:
            yield ipr
    except NetlinkError as e:
        raise KernelRefused(f"{doing} failed: {e.args[-1]}.") from e
    except OSError as e:
        raise KernelRefused(f"{doing} failed: {e.strerror or e}.") from e


def get(ipr: IPRoute, **selector: Any) -> Any | None:  # noqa: ANN401 - pyroute2's messages have no types
    """The one link with that `ifname` or `index`, as pyroute2's message; None where there is none."""
    try:
        return ipr.link("get", **selector)[0]
    except NetlinkError as e:
        if e.code == _NO_SUCH_DEVICE:
            return None
        raise


def boot_id() -> str:
    """The kernel's name for this boot: what was written under another one is about links that are gone."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def read_sysctl(path: str) -> str | None:
    """The value under /proc/sys/net, as this thread's namespace has it; None where the kernel lacks the key."""
    try:
        return (Path("/proc/sys/net") / path).read_text().strip()
    except OSError:
        return None


def write_sysctl(path: str, value: str) -> None:
    """Sets the key under /proc/sys/net in this thread's namespace. Raises KernelRefused."""
    try:
        (Path("/proc/sys/net") / path).write_text(value)
    except OSError as e:
        raise KernelRefused(f"Setting net/{path} to {value} failed: {e.strerror}.") from e
