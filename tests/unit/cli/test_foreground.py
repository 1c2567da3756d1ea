from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from nuage_chain.cli import foreground


@pytest.mark.parametrize(
    ("command", "status"),
    [("true", 0), ("/bin/sh", 0), ("no-such-command", 127), ("/nowhere", 127), ("/etc/passwd", 126)],
)
def test_what_cannot_be_run_is_known_before(command: str, status: int) -> None:
    assert foreground.trouble(command) == status


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 9", 9), ("kill -TERM $$", 143)])
def test_the_exit_status_is_a_shells(script: str, status: int) -> None:
    assert foreground.run(["sh", "-c", script]) == status


def test_a_signal_from_a_process_is_passed_on(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'exit 4' USR1; : >{ready}; while :; do sleep 0.02; done"

    def send() -> None:
        while not ready.exists():
            pass
        os.kill(os.getpid(), signal.SIGUSR1)

    sender = threading.Thread(target=send)
    before = signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        sender.start()
        assert foreground.run(["sh", "-c", script]) == 4
    finally:
        sender.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGUSR1, before)


def test_the_mask_of_signals_is_ours_again_and_the_command_has_none() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    assert foreground.run(["sh", "-c", "grep -q 'SigBlk:.0*$' /proc/self/status"]) == 0
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before
