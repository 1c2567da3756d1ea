"""A process that cleans up after us, whatever ends us."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from nuage_chain.cli.signals import ENDING


class Guard:
    """A child that runs `clean_up` when we call `finish`, or when we are gone.

    It waits for a pipe of ours to close, which the kernel does for the dead as well, in a session of its own, so that
    neither a Ctrl-C at the terminal nor a signal to our process group reaches it.

    clean_up: is given what `say` said last, "" where nothing was said; returns whether all is clean.
    """

    def __init__(self, clean_up: Callable[[str], bool]) -> None:
        self._clean_up = clean_up
        self._said = ""
        reading, self._writing = os.pipe()
        listening, ready = os.pipe()
        sys.stdout.flush()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        try:
            self._pid = os.fork()
            if not self._pid:
                self._stand_by(reading, ready, mask)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(reading)
        os.close(ready)
        # Until it has a session of its own, what kills us may kill it.
        os.read(listening, 1)
        os.close(listening)

    def say(self, what: str) -> None:
        """Tell what there is to clean up by now: one short line."""
        self._said = what
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writing, f"{what}\n".encode())

    def finish(self) -> bool:
        """Has everything cleaned up, and returns whether it is."""
        os.close(self._writing)
        status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        # Somebody killed it: then it is ours to do.
        return self._clean_up(self._said) if status < 0 else status == 0

    def _stand_by(self, reading: int, ready: int, mask: set[int | signal.Signals]) -> NoReturn:
        clean = False
        try:
            os.setsid()
            os.close(ready)
            for number in ENDING:
                # Not SIG_IGN: the plugins that clean_up runs would inherit it, and could not be ended.
                signal.signal(number, lambda *_: None)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(self._writing)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            with open(reading) as pipe:
                said = pipe.read().splitlines()
            clean = self._clean_up(said[-1] if said else "")
            sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - nobody above would hear of it
            traceback.print_exc()
        finally:
            os._exit(0 if clean else 1)
