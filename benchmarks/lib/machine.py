"""What the figures were taken on, as the machine itself says."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.lib import figures
from nuage_chain import __version__

REFERENCE_PACKAGE = "containernetworking-plugins"


def describe(datapath: str, disk: Path) -> dict[str, str]:
    """Names and values, in the order in which they are shown. disk: the folder whose fsync is tried."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return {
        "CPU": f"{os.cpu_count()} x {_cpu()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "Open vSwitch": f"{_first_line(['ovs-vswitchd', '--version']).split()[-1]}, datapath {datapath}",
        "Python": platform.python_version(),
        "reference plugins": _first_line(["dpkg-query", "-W", "-f", "${Version}", REFERENCE_PACKAGE]),
        "nuage-chain": __version__,
        "fsync of a file": f"{_fsync(disk) * 1000:.2f} ms (the journal does two for an ADD, two for a DEL)",
        "load at the beginning (1, 5, 15 minutes)": load,
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _fsync(folder: Path) -> float:
    """Median seconds of ten."""
    took = []
    for _ in range(10):
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 1000)
            file.flush()
            begin = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begin)
    return figures.median(took)


def _first_line(command: Sequence[str]) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    except OSError:
        said = ""
    return said.partition("\n")[0] or "unknown"
