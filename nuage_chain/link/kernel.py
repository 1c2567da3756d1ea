"""What the kernel keeps in /proc for a network namespace and for the whole machine."""

from __future__ import annotations

import time
from pathlib import Path

from nuage_chain.errors import KernelRefused


def boot_id() -> str:
    """The kernel's name for this boot: what was written under another one is about links that are gone."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def booted_at() -> float:
    """When this boot began, in seconds of the clock that files have their times from."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def read_sysctl(path: str) -> str | None:
    """The value under /proc/sys/net, as this thread's namespace has it; None where the kernel lacks the key."""
    try:
        with open(f"/proc/sys/net/{path}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


def write_sysctl(path: str, value: str) -> None:
    """Sets the key under /proc/sys/net in this thread's namespace. Raises KernelRefused."""
    try:
        (Path("/proc/sys/net") / path).write_text(value)
    except OSError as e:
        raise KernelRefused(f"Setting net/{path} to {value} failed: {e.strerror}.") from e
