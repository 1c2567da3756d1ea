from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nuage_chain.cli import foreground


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", 0), ("/bin/sh", 0), ("no-such-command", 127), ("/nowhere", 127), ("/etc/passwd", 126)],
)
def test_what_cannot_be_run_is_known_before(command: str, status: int) -> None:
    assert foreground.trouble(command) == status


# In a process of its own: in this one a thread of another test could take a signal that is waited for.
PROGRAM = """
import signal, sys
from nuage_chain.cli import foreground
before = signal.pthread_sigmask(signal.SIG_BLOCK, set())
status = foreground.run(sys.argv[1:])
sys.exit(status if signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before else "the mask is another")
"""


def started(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, "sh", "-c", script])


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 9", 9), ("kill -TERM $$", 143)])
def test_the_exit_status_is_a_shells(script: str, status: int) -> None:
    with started(script) as process:
        assert process.wait(30) == status


def test_a_signal_from_a_process_is_passed_on(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'exit 4' USR1; : >{ready}; while :; do sleep 0.02; done"
    with started(script) as process:
        until = time.monotonic() + 30
        while not ready.exists() and time.monotonic() < until:
            time.sleep(0.01)
        process.send_signal(signal.SIGUSR1)
        assert process.wait(30) == 4


def test_the_command_has_none_of_our_signals_blocked() -> None:
    with started("grep -q 'SigBlk:.0*$' /proc/self/status") as process:
        assert process.wait(30) == 0
