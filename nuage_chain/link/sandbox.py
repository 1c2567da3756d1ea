"""Whether a sandbox is alive as far as the kernel tells; everything is asked for one by one."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from nuage_chain.errors import HostVethNotFound, NuageChainError
from nuage_chain.link import netns, veth


class Sandbox(enum.Enum):
    """PEOPLED: a process is in the namespace. HELD: namespace or veth are there. GONE: neither is. SILENT: unknown."""

    PEOPLED = "a process is in its namespace"
    HELD = "its namespace is there"
    GONE = "its namespace and its veth are gone"
    SILENT = "the kernel cannot be asked"


# Inodes of network namespaces, each with a path that leads there as long as its first process lives.
Peopled: TypeAlias = Mapping[int, str]


def peopled(processes: Path = Path("/proc")) -> Peopled | None:
    """The network namespaces that have a process, our own left out; None where /proc does not tell of every process."""
    found: dict[int, str] = {}
    try:
        for number in sorted(int(entry.name) for entry in processes.iterdir() if entry.name.isdecimal()):
            for inode, path in _namespaces(processes / str(number)):
                found.setdefault(inode, path)
        found.pop((processes / "self/ns/net").stat().st_ino, None)
    except OSError:
        return None
    return found


def look(path: str, ifname: str, host: str, inhabited: Peopled | None, seconds: float) -> Sandbox:
    """The sandbox of the attachment whose host end is the link `host`, by the namespace at `path`, if that is known.

    inhabited: as `peopled` says; where it is None, only what is gone altogether can be told.
    """
    try:
        return _look(path, ifname, host, inhabited, seconds)
    except (NuageChainError, OSError):
        return Sandbox.SILENT


def _look(path: str, ifname: str, host: str, inhabited: Peopled | None, seconds: float) -> Sandbox:
    linked = veth.current(host) is not None
    known = bool(path) and netns.exists(path) and not netns.is_own(path)
    if not known and not linked:
        return Sandbox.GONE
    if inhabited is None:
        return Sandbox.SILENT
    if linked and not (known and _is_pair(path, ifname, host, seconds)):
        # The path is lost, or leads to somebody else's namespace by now: where the other end is, the kernel knows.
        return Sandbox.PEOPLED if veth.leads_into(host, inhabited.values()) else Sandbox.HELD
    if Path(path).stat().st_ino in inhabited:
        return Sandbox.PEOPLED
    empty = not linked and netns.inside(path, lambda: veth.current(ifname) is None, seconds)
    return Sandbox.GONE if empty else Sandbox.HELD


def _namespaces(process: Path) -> Iterator[tuple[int, str]]:
    """Of its main thread; where that has ended before others, and so has none any more, of each that is left."""
    inode = _inode(process)
    if inode is not None:
        yield inode, f"{process}/ns/net"
        return
    try:
        threads = list((process / "task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return
    for thread in threads:
        inode = _inode(thread)
        if inode is not None:
            yield inode, f"{thread}/ns/net"


def _inode(thread: Path) -> int | None:
    """None for one that has ended. Raises PermissionError for one that we may not look at."""
    try:
        return (thread / "ns/net").stat().st_ino
    except (FileNotFoundError, ProcessLookupError):
        return None


def _is_pair(path: str, ifname: str, host: str, seconds: float) -> bool:
    try:
        return veth.find(path, ifname, seconds).host.name == host
    except HostVethNotFound:
        return False
