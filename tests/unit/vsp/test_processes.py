from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.vsp.processes import Daemon, StartFailed, log_tail, pid_of, start, start_time, stop
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

READY = "import os,sys,time; open(sys.argv[-1],'w').write(str(os.getpid()))\n"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
FOREVER = "time.sleep(100)\n"


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[list[Daemon]]:
    made: list[Daemon] = []
    yield made
    for daemon in made:
        if pid := pid_of(daemon):
            os.kill(pid, signal.SIGKILL)


def daemon_of(tmp_path: Path, code: str, daemons: list[Daemon], name: str = "d") -> Daemon:
    pidfile = tmp_path / f"{name}.pid"
    argv = (sys.executable, "-c", code, "--pidfile", str(pidfile))
    daemon = Daemon(name, argv, pidfile, tmp_path / f"{name}.log", detaches=False)
    daemons.append(daemon)
    return daemon


def started(daemon: Daemon) -> int:
    start(daemon, os.environ, (), Deadline(10))()
    pid = pid_of(daemon)
    assert pid is not None
    return pid


def test_a_started_daemon_is_known_and_stopped(tmp_path: Path, daemons: list[Daemon]) -> None:
    daemon = daemon_of(tmp_path, READY + FOREVER, daemons)
    pid = started(daemon)
    assert stop(daemon, os.environ, Deadline(10))
    assert start_time(pid) is None
    assert pid_of(daemon) is None
    assert not daemon.pidfile.exists()
    assert not stop(daemon, os.environ, Deadline(10)), "there is nothing to stop any more"


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path, daemons: list[Daemon]) -> None:
    daemon = daemon_of(tmp_path, STUBBORN + READY + FOREVER, daemons)
    pid = started(daemon)
    assert stop(daemon, os.environ, Deadline(10), patience=0.2)
    assert start_time(pid) is None


def test_one_that_ends_before_it_is_ready_shows_the_end_of_its_log(tmp_path: Path, daemons: list[Daemon]) -> None:
    daemon = daemon_of(tmp_path, "import sys; sys.exit('the disk is full')", daemons)
    with pytest.raises(StartFailed, match="the disk is full"):
        start(daemon, os.environ, (), Deadline(10))()


def test_one_that_is_not_ready_in_time_is_ended(tmp_path: Path, daemons: list[Daemon]) -> None:
    daemon = daemon_of(tmp_path, "import time; time.sleep(100)", daemons)
    with pytest.raises(StartFailed, match="not ready in time"):
        start(daemon, os.environ, (), Deadline(0.3))()
    assert pid_of(daemon) is None


def test_a_program_that_does_not_exist_is_a_failed_start(tmp_path: Path) -> None:
    daemon = Daemon("d", ("/no/such/program", str(tmp_path / "d.pid")), tmp_path / "d.pid", tmp_path / "d.log")
    with pytest.raises(StartFailed, match="could not be started"):
        start(daemon, os.environ, (), Deadline(1))


def test_a_foreign_process_with_the_pid_of_an_old_pidfile_is_left_alone(tmp_path: Path, daemons: list[Daemon]) -> None:
    daemon = daemon_of(tmp_path, READY + FOREVER, daemons)
    foreign = subprocess.Popen(["sleep", "100"])
    try:
        daemon.pidfile.write_text(f"{foreign.pid}\n")
        assert pid_of(daemon) is None
        assert not stop(daemon, os.environ, Deadline(5))
        assert foreign.poll() is None
    finally:
        foreign.kill()
        foreign.wait()


def test_a_process_of_another_start_time_than_recorded_is_another_process(
    tmp_path: Path, daemons: list[Daemon]
) -> None:
    daemon = daemon_of(tmp_path, READY + FOREVER, daemons)
    pid = started(daemon)
    record = daemon.record.read_text()
    daemon.record.write_text(json.dumps({"pid": pid, "start": 1}))
    assert pid_of(daemon) is None
    daemon.record.write_text(record)
    assert pid_of(daemon) == pid


def test_a_daemon_whose_record_was_never_written_is_known_by_its_pidfile(tmp_path: Path, daemons: list[Daemon]) -> None:
    daemon = daemon_of(tmp_path, READY + FOREVER, daemons)
    pid = started(daemon)
    daemon.record.unlink()
    assert pid_of(daemon) == pid


@pytest.mark.parametrize("started_by", ["link", "folder"])
def test_a_daemon_is_known_by_every_path_to_its_directory(
    tmp_path: Path, daemons: list[Daemon], started_by: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    here, there = (daemon_of(tmp_path / name, READY + FOREVER, daemons) for name in ("link", "folder"))
    pid = started(here if started_by == "link" else there)
    assert (pid_of(here), pid_of(there)) == (pid, pid)


def test_a_zombie_does_not_run(tmp_path: Path) -> None:
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert start_time(process.pid) is None
    process.wait()


def test_a_process_of_which_a_thread_is_left_runs_although_its_first_one_has_ended() -> None:
    program = """if True:
        import ctypes, threading, time
        threading.Thread(target=time.sleep, args=(60,)).start()
        ctypes.CDLL(None).pthread_exit(None)
        """
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        state = Path(f"/proc/{process.pid}/stat")
        eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "Z", "the first thread has ended")
        assert start_time(process.pid) is not None
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert start_time(process.pid) is None


def test_a_port_is_free_once_the_daemon_that_had_it_is_stopped(tmp_path: Path, daemons: list[Daemon]) -> None:
    """The kernel takes its memory, and with it the command line, before its sockets."""
    listens = """if True:
        import socket, threading, time
        listener = socket.create_server(("127.0.0.1", 0))
        open(sys.argv[-1] + ".port", "w").write(str(listener.getsockname()[1]))
        large = bytearray(200_000_000)
        for _ in range(20): threading.Thread(target=time.sleep, args=(100,)).start()
        """
    daemon = daemon_of(tmp_path, f"import sys\nexec({listens!r})\n" + READY + FOREVER, daemons)
    pid = started(daemon)
    port = int(Path(f"{daemon.pidfile}.port").read_text())
    os.kill(pid, signal.SIGKILL)
    while pid_of(daemon) is not None:
        pass
    stop(daemon, os.environ, Deadline(10))
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))


def test_the_way_to_leave_is_tried_before_a_signal(tmp_path: Path, daemons: list[Daemon]) -> None:
    asked = tmp_path / "asked"
    code = READY + f"import pathlib\nwhile not pathlib.Path({str(asked)!r}).exists(): time.sleep(0.01)\n"
    plain = daemon_of(tmp_path, STUBBORN + code, daemons)
    daemon = Daemon(plain.name, plain.argv, plain.pidfile, plain.log, detaches=False, leave=("touch", str(asked)))
    started(daemon)
    assert stop(daemon, os.environ, Deadline(5), patience=2.0)
    assert asked.exists()


def test_a_log_is_shown_from_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {n}\n" for n in range(1000)))
    assert log_tail(log, 2) == "line 998\nline 999"
    assert log_tail(tmp_path / "none") == ""
