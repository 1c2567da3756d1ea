"""What the figures were taken on, as the machine itself says."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nuage_chain import __version__

REFERENCE_PACKAGE = "containernetworking-plugins"


def describe(datapath: str) -> dict[str, str]:
    """Names and values, in the order in which they are shown."""
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
        "load at the beginning (1, 5, 15 minutes)": load,
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _first_line(command: Sequence[str]) -> str:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    except OSError:
        said = ""
    return said.partition("\n")[0] or "unknown"
