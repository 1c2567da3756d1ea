"""Run in the place of the audit's program, with its rights: tries what it needs, and what it must not be able to do.

The standard library only, as it is run by the node's own Python. Argument: the file for what was found.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NEWNET, NEWUSER, NEWNS = 0x40000000, 0x10000000, 0x00020000
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _switch() -> None:
    with socket.socket(socket.AF_UNIX) as database:
        database.connect("/run/openvswitch/db.sock")


def _links() -> None:
    subprocess.run(["ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"], check=True)
    key = Path("/proc/sys/net/ipv6/conf/probe0/disable_ipv6")
    key.write_text("1")
    subprocess.run(["ip", "link", "delete", "probe0"], check=True)


def _sandbox() -> None:
    here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/run/netns/sandbox", os.O_RDONLY)
    _checked(_libc.setns(there, NEWNET))
    Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6").write_text("1")
    _checked(_libc.setns(here, NEWNET))


def _others() -> None:
    Path("/proc/1/ns/net").stat()


def _tls() -> None:
    socket.socket(socket.AF_INET).close()
    socket.socket(socket.AF_INET6).close()


def _write(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("probe")


def _rewrite(path: str) -> Callable[[], object]:
    """Writes the value that is there: the kernel takes that, from whoever has the right."""
    return lambda: Path(path).write_text(Path(path).read_text())


def _mount() -> None:
    _checked(_libc.mount(b"none", b"/mnt", b"tmpfs", 0, None))
    _checked(_libc.umount(b"/mnt"))


NEEDS: dict[str, Callable[[], object]] = {
    "OVSDB's socket": _switch,
    "links and their sysctls": _links,
    "a container's namespace": _sandbox,
    "whose namespaces there are": _others,
    "VSD and the API server": _tls,
    "the journal": _write("/var/lib/nuage-chain/probe.journal"),
    "the locks": _write("/run/nuage-chain/probe.lock"),
}
MUST_NOT: dict[str, Callable[[], object]] = {
    "write to /etc": _write("/etc/probe"),
    "write to /usr": _write("/usr/probe"),
    "write to /root": _write("/root/probe"),
    "write to the folder of its own code": _write("/opt/nuage-chain/probe"),
    "set what is not the network's": _rewrite("/proc/sys/kernel/panic"),
    "write to /sys": _rewrite("/sys/fs/cgroup/system.slice/cgroup.max.depth"),
    "mount": _mount,
    "make a user namespace": lambda: _checked(_libc.unshare(NEWUSER)),
    "make a mount namespace": lambda: _checked(_libc.unshare(NEWNS)),
    "see packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "make a device": lambda: os.mknod("/var/lib/nuage-chain/probe.null", 0o20600, os.makedev(1, 3)),
    "change its user": lambda: os.setuid(65534),
    "write what it executes": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC).close(),
}


# What attempts leave where they succeed.
_LEFT = (
    "/var/lib/nuage-chain/probe.journal", "/run/nuage-chain/probe.lock", "/etc/probe", "/usr/probe", "/root/probe",
    "/opt/nuage-chain/probe", "/var/lib/nuage-chain/probe.null",
)  # fmt: skip


def _outcome(attempt: Callable[[], object]) -> str:
    """`ok`, or why not. In a process of its own: one that has changed its user may do nothing of what comes after."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            attempt()
            os.write(writing, b"ok")
        except (OSError, subprocess.CalledProcessError) as e:
            os.write(writing, str(e).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        found = said.read()
    os.waitpid(child, 0)
    return found


def main(report: Path) -> None:
    needs = {name: _outcome(attempt) for name, attempt in NEEDS.items()}
    must_not = {name: _outcome(attempt) for name, attempt in MUST_NOT.items()}
    for name in _LEFT:
        with contextlib.suppress(OSError):
            Path(name).unlink()
    report.write_text(json.dumps({"needs": needs, "must not": must_not}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
