from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nuage_chain.cli.guard import Guard

SCRIPT = """
import os, signal, sys
from pathlib import Path
from nuage_chain.cli.guard import Guard

def clean_up(said):
    Path(sys.argv[1]).write_text(f"{said} {os.getsid(0) == os.getpid()}")
    return True

guard = Guard(clean_up)
for words in sys.argv[3:]:
    guard.say(words)
print("ready", flush=True)
os.kill(os.getpid() if sys.argv[2] == "one" else 0, signal.SIGKILL)
"""


@pytest.mark.parametrize("whom", ["one", "group"])
@pytest.mark.parametrize(("words", "expected"), [([], " True"), (["first", "last words"], "last words True")])
def test_it_cleans_up_when_its_parent_is_killed(tmp_path: Path, whom: str, words: list[str], expected: str) -> None:
    mark = tmp_path / "mark"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mark, whom, *words],
        start_new_session=True,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == b"ready\n"
    # Nobody waits for it, but the pipe that we read from is open as long as it runs.
    assert mark.read_text() == expected


def test_finish_returns_when_all_is_clean(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def clean_up(said: str) -> bool:
        time.sleep(0.1)
        mark.write_text(f"{said} {os.getpid()}")
        return True

    guard = Guard(clean_up)
    guard.say("all")
    assert not mark.exists()
    assert guard.finish() is True
    said, pid = mark.read_text().split()
    assert said == "all"
    assert int(pid) != os.getpid()


def test_finish_says_when_it_is_not_clean(capfd: pytest.CaptureFixture[str]) -> None:
    def clean_up(_said: str) -> bool:
        raise RuntimeError("what is wrong")

    assert Guard(lambda _: False).finish() is False
    assert Guard(clean_up).finish() is False
    assert "what is wrong" in capfd.readouterr().err


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_when_it_was_killed_its_parent_cleans_up(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def clean_up(said: str) -> bool:
        mark.write_text(f"{said} {os.getpid()}")
        return True

    before = children()
    guard = Guard(clean_up)
    (child,) = children() - before
    os.kill(int(child), signal.SIGKILL)
    os.waitid(os.P_PID, int(child), os.WEXITED | os.WNOWAIT)
    guard.say("after its death")
    assert guard.finish() is True
    assert mark.read_text() == f"after its death {os.getpid()}"
