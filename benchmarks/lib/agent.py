"""Our executable in two ways: with an agent that the benchmark starts, and without one."""

from __future__ import annotations

import os
import socket
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


def install(folder: Path, address: Path) -> Path:
    """The folder, with the executable that calls the agent at `address`, or does all itself where there is none."""
    folder.mkdir(exist_ok=True)
    executable = folder / "nuage-chain"
    executable.write_text(render(Path(sys.executable), Path(nuage_chain.__file__).parent, address), encoding="utf-8")
    executable.chmod(0o755)
    return folder


@contextmanager
def running(address: Path, stderr: int) -> Iterator[int]:
    """An agent at the Unix socket `address`, by its pid; it ends with the block. Raises NotAvailable."""
    command = Path(sys.prefix) / "bin" / "nuage-chain"
    process = subprocess.Popen([command, "agent", "--socket", address], stdin=subprocess.DEVNULL, stderr=stderr)
    try:
        _wait(process, address)
        yield process.pid
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def resident(pid: int) -> int:
    """Bytes of memory that the process has now."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * _PAGE


def _wait(process: subprocess.Popen[bytes], address: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not _listens(address):
        if process.poll() is not None or time.monotonic() > until:
            raise NotAvailable("The agent did not start.")
        time.sleep(0.1)


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        return caller.connect_ex(str(address)) == 0
