"""Whether a sandbox is alive as far as the kernel tells; everything is asked for one by one."""

from __future__ import annotations

import enum
from pathlib import Path

from nuage_chain.errors import HostVethNotFound, NuageChainError
from nuage_chain.link import netns, veth


class Sandbox(enum.Enum):
    """PEOPLED: a process is in the namespace. HELD: namespace or veth are there. GONE: neither is. SILENT: unknown."""

    PEOPLED = "a process is in its namespace"
    HELD = "its namespace is there"
    GONE = "its namespace and its veth are gone"
    SILENT = "the kernel cannot be asked"


def peopled() -> frozenset[int] | None:
    """Inodes of the network namespaces that have a process, our own left out; None where /proc cannot be read."""
    found, own = set(), Path("/proc/self/ns/net").stat().st_ino
    try:
        processes = [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    except OSError:
        return None
    for process in processes:
        try:
            found.add((process / "ns" / "net").stat().st_ino)
        except FileNotFoundError:
            # It ended meanwhile.
            continue
        except OSError:
            return None
    return frozenset(found - {own})


def look(path: str, ifname: str, host: str, inhabited: frozenset[int] | None, seconds: float) -> Sandbox:
    """The sandbox of the attachment whose host end is the link `host`, by the namespace at `path`, if that is known.

    inhabited: as `peopled` says.
    """
    try:
        return _look(path, ifname, host, inhabited, seconds)
    except (NuageChainError, OSError):
        return Sandbox.SILENT


def _look(path: str, ifname: str, host: str, inhabited: frozenset[int] | None, seconds: float) -> Sandbox:
    linked = veth.current(host) is not None
    if not path or not netns.exists(path) or netns.is_own(path):
        return Sandbox.HELD if linked else Sandbox.GONE
    if linked and not _is_pair(path, ifname, host, seconds):
        # The path leads to somebody else's namespace by now; where the other end is, nobody knows.
        return Sandbox.HELD
    if inhabited is not None and Path(path).stat().st_ino in inhabited:
        return Sandbox.PEOPLED
    empty = not linked and netns.inside(path, lambda: veth.current(ifname) is None, seconds)
    return Sandbox.GONE if empty and inhabited is not None else Sandbox.HELD


def _is_pair(path: str, ifname: str, host: str, seconds: float) -> bool:
    try:
        return veth.find(path, ifname, seconds).host.name == host
    except HostVethNotFound:
        return False
