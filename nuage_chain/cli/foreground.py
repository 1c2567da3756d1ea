"""A command in our place: our streams, our terminal, our signals, its exit status."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from nuage_chain.cli.signals import BY_SIGNAL, ENDING

NOT_EXECUTABLE, NOT_FOUND = 126, 127
_PASSED_ON = {*ENDING, signal.SIGUSR1, signal.SIGUSR2}
_AWAITED = {*_PASSED_ON, signal.SIGCHLD}
_PR_SET_PDEATHSIG = 1


def trouble(command: str) -> int:
    """A shell's exit status for a command that cannot be run, 0 where it can."""
    if shutil.which(command):
        return 0
    return NOT_EXECUTABLE if "/" in command and Path(command).exists() else NOT_FOUND


def run(words: Sequence[str]) -> int:
    """Runs a command to its end and returns its exit status, 128 and the number of the signal that ended it.

    Signals to us are passed on, but for those of the terminal, which the command gets by itself. It dies with us.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    try:
        process = subprocess.Popen(words, preexec_fn=_preparation(mask, os.getpid()))
        while process.poll() is None:
            _pass_on(signal.sigwaitinfo(_AWAITED), process)
        # A Ctrl-C that the command has ended by was for the command, and is over.
        while signal.sigtimedwait(_AWAITED, 0):
            pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return BY_SIGNAL - process.returncode if process.returncode < 0 else process.returncode


def _pass_on(came: signal.struct_siginfo, process: subprocess.Popen[bytes]) -> None:
    by_a_process = came.si_code <= 0
    if came.si_signo in _PASSED_ON and by_a_process:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(came.si_signo)


def _preparation(mask: set[int | signal.Signals], parent: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(BY_SIGNAL + signal.SIGKILL)

    return prepare
