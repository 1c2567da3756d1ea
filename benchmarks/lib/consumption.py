"""What processes have of the machine, as /proc tells."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Megabytes that would be free without it: what it shares is counted in parts (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu(pid: int) -> float:
    """Seconds of CPU so far, of all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def shares(pids: Mapping[str, list[int]], seconds: float) -> dict[str, float]:
    """Percent of one core that each group of processes takes, over so many seconds of looking on."""
    before = {name: sum(map(cpu, group)) for name, group in pids.items()}
    begin = time.monotonic()
    time.sleep(seconds)
    spent = time.monotonic() - begin
    return {name: 100 * (sum(map(cpu, group)) - before[name]) / spent for name, group in pids.items()}


def available() -> float:
    """Megabytes of memory that this machine still has for new processes."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) / 1024
    return 0.0
