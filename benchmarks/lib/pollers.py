"""What it costs VSD that many nodes listen: long polls of /events over TLS, as each resolver holds one."""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lib import figures
from benchmarks.lib.consumption import cpu, memory
from nuage_chain.deadline import Deadline
from nuage_chain.vsd.session import Access, Session

PASSWORD = "benchmark"  # noqa: S105 - of a server that lives for one run
PORT, CERT_PORT = 18443, 17443
CHANGES = 10


@dataclass(frozen=True)
class Listening:
    """One row: so many listeners. delay: milliseconds until the last of them has a change, the median of CHANGES.

    cpu: seconds of VSD's CPU for one change. megabytes: what VSD has.
    """

    count: int
    delay: float
    cpu: float
    megabytes: float


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, Path]]:
    """A VSD in a process of its own: its pid and its CA."""
    (folder / "password").write_text(PASSWORD)
    argv = [sys.executable, "-m", "nuage_chain.vsp.vsd", "--state", str(folder), "--port", str(PORT)]
    argv += ["--cert-port", str(CERT_PORT), "--password-file", str(folder / "password")]
    pidfile = folder / "pid"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*argv, "--pidfile", str(pidfile)], stdout=log, stderr=log)
    try:
        until = time.monotonic() + 30
        while not pidfile.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.05)
        yield process.pid, folder / "tls" / "ca.pem"
    finally:
        process.terminate()
        process.wait(10)


def measure(counts: list[int], folder: Path) -> Iterator[Listening]:
    """A row for each count of listeners, smallest first."""
    with server(folder) as (pid, ca):
        access = Access(f"https://127.0.0.1:{PORT}", organization="csp", user="csproot", password=PASSWORD, ca=ca)
        session = Session(access)
        numbers = iter(range(1_000_000))

        def change() -> None:
            session.create("enterprises", {"name": f"e{next(numbers)}"}, Deadline(30))

        for count in counts:
            yield asyncio.run(_listen(count, pid, ca, change))
        session.close()


async def _listen(count: int, pid: int, ca: Path, change: Callable[[], None]) -> Listening:
    context = ssl.create_default_context(cafile=str(ca))
    listeners = [_Listener() for _ in range(count)]
    for listener in listeners:
        await listener.open(context)
    delays, begun = [], cpu(pid)
    loop = asyncio.get_running_loop()
    for _ in range(CHANGES):
        polls = [asyncio.ensure_future(listener.poll()) for listener in listeners]
        await asyncio.sleep(1.0)
        begin = time.monotonic()
        await loop.run_in_executor(None, change)
        await asyncio.gather(*polls)
        delays.append((time.monotonic() - begin) * 1000)
    row = Listening(count, figures.median(delays), (cpu(pid) - begun) / CHANGES, memory(pid))
    for listener in listeners:
        listener.close()
    return row


class _Listener:
    """One connection that is kept, and the place up to which it has heard."""

    def __init__(self) -> None:
        self._cursor = "00000000-0000-0000-0000-000000000000"

    async def open(self, context: ssl.SSLContext) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=context)
        await self.poll()

    async def poll(self) -> None:
        """Until VSD answers."""
        token = base64.b64encode(f"csproot:{PASSWORD}".encode()).decode()
        lines = [
            f"GET /nuage/api/v6/events?uuid={self._cursor} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Basic {token}",
            "X-Nuage-Organization: csp",
        ]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-length")
        )
        self._cursor = json.loads(await self._reader.readexactly(length))["uuid"]

    def close(self) -> None:
        self._writer.close()


def room(count: int) -> None:
    """Lets this process and its children have so many connections."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(4 * count, 4096), hard), hard))
