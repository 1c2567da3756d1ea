"""scripts/demo, as a newcomer runs it; the set-up before it is what scripts/test has done already."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
# What scripts/demo runs once everything is installed, so that the test needs no apt and no pip.
COMMAND: list[str | Path] = [ROOT / "scripts/lib/private.sh", sys.executable, "-B", ROOT / "scripts/lib/demo.py"]


def test_the_demo_shows_the_main_job_and_ends_with_one_clear_line() -> None:
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().splitlines()[-1].startswith("✓ Everything was as it should be")
    for part in ("neither ping nor TCP", "TCP, 8 MB intact", "VSD lists every container", "store has no address"):
        assert part in done.stdout


def test_a_demo_that_is_killed_leaves_no_process_behind() -> None:
    demo = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert demo.stdout is not None
    for line in demo.stdout:
        if "VSD has the enterprise" in line:
            break
    inside = children(demo.pid)
    assert inside
    demo.send_signal(signal.SIGKILL)
    demo.wait(10)
    until = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/ns").exists() and alive(pid) for pid in inside) and time.monotonic() < until:
        time.sleep(0.05)
    assert [pid for pid in inside if alive(pid)] == []


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """scripts/ of a clone where all is installed, and what is to be kept says its number and sleeps."""
    scripts = shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / ".venv").mkdir()
    with (scripts / "lib/setup.sh").open("a") as more:
        more.write("setup() { :; }\n")
    (scripts / "lib/private.sh").write_text("#!/bin/bash\necho inside $$\nexec sleep 300\n")
    return scripts / "demo"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_demo_whose_start_was_broken_off_is_ended_at_once_or_by_end(copied: Path, number: signal.Signals) -> None:
    demo = subprocess.Popen([copied, "--keep"], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    inside = next(int(line.split()[1]) for line in demo.stdout if line.startswith("inside "))
    try:
        demo.send_signal(number)
        demo.wait(10)
        end = subprocess.run([copied, "--end"], capture_output=True, text=True, check=True, timeout=10)
        killed = number is signal.SIGKILL
        assert end.stdout.startswith("✓ The demo has ended" if killed else "No demo was kept."), end.stderr
        assert not alive(inside)
    finally:
        if alive(inside):
            os.kill(inside, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    direct = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*direct, *(d for child in direct for d in children(child))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False
