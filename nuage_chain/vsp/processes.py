"""Daemons of one state directory: start one, know it again, stop it, and never touch anybody else's.

A process is ours when its pidfile names it, its command line carries the path of that very pidfile, and it started
when our record says. A pid alone is worth nothing: it may have been given to someone else since.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded, NotAvailable
from nuage_chain.whole_file import write_whole

LOG_LINES = 8
POLL = 0.01


@dataclass(frozen=True)
class Daemon:
    """One daemon of the VSP.

    argv: its command line; it has to carry the pidfile's path.
    detaches: whether the command returns once the daemon is ready; else it stays and writes the pidfile when ready.
    leave: a command that asks it to end in a better way than SIGTERM does; empty for none.
    """

    name: str
    argv: tuple[str, ...]
    pidfile: Path
    log: Path
    detaches: bool = True
    leave: tuple[str, ...] = ()

    @property
    def record(self) -> Path:
        """Where pid and start time are kept."""
        return self.pidfile.with_suffix(".started")


@dataclass(frozen=True)
class _Process:
    """A process that is a daemon's. ending: whether it has begun to end, and may hold its files and ports still."""

    pid: int
    started: int
    ending: bool


class StartFailed(NotAvailable):
    """A daemon of the embedded VSP did not come up; the message says which and shows the end of its log."""

    hint = "The lines of its log in the message say why; what had been started is stopped again."


def pid_of(daemon: Daemon) -> int | None:
    """The pid of the daemon while it runs, else None. A zombie, and what has begun to end, does not run."""
    found = _process_of(daemon)
    return found.pid if found and not found.ending else None


def start(
    daemon: Daemon, environment: Mapping[str, str], prefix: tuple[str, ...], deadline: Deadline
) -> Callable[[], None]:
    """Start `daemon` and return a function that waits until it is ready.

    prefix: put before the command line, to enter a network namespace.
    Both raise StartFailed.
    """
    daemon.pidfile.unlink(missing_ok=True)
    daemon.record.unlink(missing_ok=True)
    with daemon.log.open("ab") as log:
        try:
            process = subprocess.Popen(
                [*prefix, *daemon.argv],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        except OSError as e:
            raise StartFailed(f"{daemon.name} could not be started: {e}.") from e
    if not daemon.detaches:
        _write_record(daemon, process.pid)
    return lambda: _wait_ready(daemon, process, deadline)


def stop(daemon: Daemon, environment: Mapping[str, str], deadline: Deadline, patience: float = 3.0) -> bool:
    """End the daemon: ask it, then SIGTERM, then SIGKILL, waiting after each for `patience` seconds at most.

    What has begun to end is waited for, since it holds its ports until it is gone.

    Returns whether it ran. Raises DeadlineExceeded when even SIGKILL did not end it.
    """
    found = _process_of(daemon)
    if found is None:
        _forget(daemon)
        return False
    for ask in _ways_to_end(daemon, found, environment, patience):
        ask()
        if _gone(found, deadline.extended(1.0).left(f"stopping {daemon.name}", patience)):
            _forget(daemon)
            return not found.ending
    raise DeadlineExceeded(f"{daemon.name} (pid {found.pid}) did not end after SIGKILL.")


def start_time(pid: int) -> int | None:
    """When the process started, in ticks since boot; None when there is no such process or it is a zombie.

    One of whose threads some still end has its files, and the ports that it listens at.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    state, threads, started = fields[0], int(fields[17]), int(fields[19])
    return None if state in (b"Z", b"X") and threads <= 1 else started


def log_tail(path: Path, lines: int = LOG_LINES) -> str:
    """The last lines of a log file; empty when there is none."""
    try:
        with path.open("rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - 8192))
            text = f.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _wait_ready(daemon: Daemon, process: subprocess.Popen[bytes], deadline: Deadline) -> None:
    try:
        if daemon.detaches:
            if process.wait(deadline.left(daemon.name)) != 0:
                raise _failure(daemon, f"ended with exit status {process.returncode}")
            pid = _pid_in(daemon.pidfile)
            if pid is None:
                raise _failure(daemon, "left no pidfile")
            _write_record(daemon, pid)
            return
        while _pid_in(daemon.pidfile) != process.pid:
            if process.poll() is not None:
                raise _failure(daemon, f"ended with exit status {process.returncode}")
            time.sleep(min(POLL, deadline.left(daemon.name)))
    except (DeadlineExceeded, subprocess.TimeoutExpired) as e:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise _failure(daemon, "was not ready in time") from e


def _failure(daemon: Daemon, what: str) -> StartFailed:
    tail = log_tail(daemon.log)
    return StartFailed(f"{daemon.name} {what}. The end of {daemon.log}:\n{tail or '(empty)'}")


def _ways_to_end(
    daemon: Daemon, found: _Process, environment: Mapping[str, str], patience: float
) -> Iterator[Callable[[], None]]:
    def leave() -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(daemon.leave, env=dict(environment), capture_output=True, timeout=patience, check=False)

    def signalled(signum: signal.Signals) -> Callable[[], None]:
        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, signum)

        return kill

    if found.ending:
        yield lambda: None
    elif daemon.leave:
        yield leave
    yield signalled(signal.SIGTERM)
    yield signalled(signal.SIGKILL)


def _gone(found: _Process, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while start_time(found.pid) == found.started:
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def _process_of(daemon: Daemon) -> _Process | None:
    recorded = _recorded(daemon)
    pid = recorded[0] if recorded else _pid_in(daemon.pidfile)
    started = None if pid is None else start_time(pid)
    if pid is None or started is None or (recorded and recorded[1] != started):
        return None
    command_line = _command_line(pid)
    # The kernel takes the memory of what ends, and so its command line, before its files.
    ending = recorded is not None and command_line == b""
    return _Process(pid, started, ending) if ending or _names(daemon.pidfile, command_line) else None


def _pid_in(pidfile: Path) -> int | None:
    try:
        return int(pidfile.read_text().strip())
    except (OSError, ValueError):
        return None


def _recorded(daemon: Daemon) -> tuple[int, int] | None:
    try:
        record = json.loads(daemon.record.read_text())
        return int(record["pid"]), int(record["start"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_record(daemon: Daemon, pid: int) -> None:
    started = start_time(pid)
    if started is not None:
        write_whole(daemon.record, json.dumps({"pid": pid, "start": started}).encode())


def _command_line(pid: int) -> bytes | None:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None


def _names(pidfile: Path, command_line: bytes | None) -> bool:
    argv = (command_line or b"").split(b"\0")
    # The same folder by another path, as /var/run is /run: whoever started it may have come by a link.
    paths = [word.removeprefix(b"--pidfile=") for word in argv if word.endswith(os.fsencode(pidfile.name))]
    return os.path.realpath(os.fsencode(pidfile)) in map(os.path.realpath, paths)


def _forget(daemon: Daemon) -> None:
    daemon.pidfile.unlink(missing_ok=True)
    daemon.record.unlink(missing_ok=True)
