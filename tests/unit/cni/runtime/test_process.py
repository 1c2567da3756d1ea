from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from nuage_chain.cni.runtime import process
from nuage_chain.deadline import Deadline


def script(folder: Path, text: str) -> Path:
    file = folder / "plugin"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def is_dead_soon(pid: int) -> bool:
    """A killed process that is not our child takes a moment to go."""
    end = time.monotonic() + 2
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_input_output_environment_and_status_come_through(tmp_path: Path) -> None:
    program = script(tmp_path, 'cat; echo "$A" >&2; exit 3')
    done = process.run(program, {"A": "b"}, b"x" * 300_000, Deadline(5))
    assert (done.status, len(done.stdout), done.stderr, done.timed_out) == (3, 300_000, b"b\n", False)


def test_a_plugin_that_ends_at_once_is_not_waited_for_in_steps(tmp_path: Path) -> None:
    program = script(tmp_path, "read line")
    process.run(program, {}, b"{}", Deadline(5))
    took = []
    for _ in range(10):
        begin = time.monotonic()
        process.run(program, {}, b"{}", Deadline(5))
        took.append(time.monotonic() - begin)
    assert min(took) < 0.05


def test_a_daemon_that_a_plugin_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    program = script(tmp_path, f"sleep 30 & echo $! > {tmp_path}/pid; echo done")
    start = time.monotonic()
    done = process.run(program, {"PATH": "/usr/bin:/bin"}, b"", Deadline(20))
    assert time.monotonic() - start < 5
    assert done.stdout == b"done\n"
    pid = int((tmp_path / "pid").read_text())
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("trap", ["", "trap '' TERM"], ids=["complies", "ignores TERM"])
def test_the_deadline_ends_a_plugin_and_its_children(tmp_path: Path, trap: str) -> None:
    text = f"{trap}\nsleep 60 & echo $! > {tmp_path}/child\necho $$ > {tmp_path}/self\nwait; sleep 60"
    start = time.monotonic()
    done = process.run(script(tmp_path, text), {"PATH": "/usr/bin:/bin"}, b"", Deadline(1))
    assert time.monotonic() - start < 5
    assert done.timed_out
    for name in ("self", "child"):
        assert is_dead_soon(int((tmp_path / name).read_text()))


def test_a_file_that_is_still_being_written_is_tried_again(tmp_path: Path) -> None:
    program = script(tmp_path, "echo fine")
    with open(program, "r+b") as writing:
        timer = threading.Timer(0.3, writing.close)
        timer.start()
        assert process.run(program, {}, b"", Deadline(5)).stdout == b"fine\n"
        timer.join()


def test_a_file_that_cannot_be_run_is_an_os_error(tmp_path: Path) -> None:
    file = tmp_path / "plugin"
    file.write_text("")
    with pytest.raises(PermissionError):
        process.run(file, {}, b"", Deadline(5))
