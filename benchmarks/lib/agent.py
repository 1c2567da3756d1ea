"""Our executable in two ways: with an agent that the benchmark starts, and without one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nuage_chain
from nuage_chain.errors import NotAvailable
from nuage_chain.launcher import render

_PATIENCE = 20.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


def install(folder: Path, socket: Path) -> Path:
    """The folder, with the executable that calls the agent at `socket`, or does its work itself where there is none."""
    folder.mkdir(exist_ok=True)
    executable = folder / "nuage-chain"
    executable.write_text(render(Path(sys.executable), Path(nuage_chain.__file__).parent, socket), encoding="utf-8")
    executable.chmod(0o755)
    return folder


@contextmanager
def running(socket: Path, stderr: int) -> Iterator[int]:
    """An agent at `socket`, by its pid; it ends with the block. Raises NotAvailable where it does not start."""
    command = Path(sys.prefix) / "bin" / "nuage-chain"
    process = subprocess.Popen([command, "agent", "--socket", socket], stdin=subprocess.DEVNULL, stderr=stderr)
    try:
        _wait(process, [command, "agent", "status", "--socket", socket])
        yield process.pid
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def resident(pid: int) -> int:
    """Bytes of memory that the process has now."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * _PAGE


def _wait(process: subprocess.Popen[bytes], ask: list[str | Path]) -> None:
    until = time.monotonic() + _PATIENCE
    while subprocess.run(ask, capture_output=True, check=False, timeout=_PATIENCE).returncode:
        if process.poll() is not None or time.monotonic() > until:
            raise NotAvailable("The agent did not start.")
        time.sleep(0.1)
