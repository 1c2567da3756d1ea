"""Kills a call of the plugin at the Nth point at which it changes something, or is about to.

The call runs in a forked process on its own connections: a SIGKILL there is that of a real process, and costs a tenth.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.exchange import Connections
from nuage_chain.link import inet, layer3, links, offload
from nuage_chain.vrs.connection import Connection
from tests.integration.attachment.inprocess import answer
from tests.integration.lab import Container, Lab


class Killer:
    """Counts the points; before and after each change, and each question to another process."""

    def __init__(self, at: int) -> None:
        self.at, self.passed, self.last = at, 0, ""

    def point(self, where: str) -> None:
        self.passed += 1
        if self.passed == self.at:
            os.write(2, f"killed at point {self.at}, {where}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.point(f"before {name}")
            result = real(*args, **kwargs)
            self.point(f"after {name}")
            return result

        return wrapped


def arm(patch: pytest.MonkeyPatch, killer: Killer) -> None:
    """Makes every change and every question to another process a point."""
    for owner, name in (
        (Connection, "transact"), (Connections, "exchange"), (os, "fsync"), (Path, "rename"), (Path, "unlink"),
        (Path, "write_text"), (offload, "set_tx_checksum"), (links, "change"), (links, "delete"),
        (inet, "add_address"), (inet, "delete_address"), (inet, "add_default_route"), (layer3, "take_off"),
        (layer3, "give_back"),
    ):  # fmt: skip
        patch.setattr(owner, name, killer.around(name, getattr(owner, name)))


def killed(lab: Lab, verb: str, container: Container, entry: dict[str, Any], at: int, *, code: int = 0) -> bool:
    """Whether the call was killed at that point; False where it has ended before it came so far.

    code: what it has to say when it ends, of a CNI error, or 0 for success.
    """

    def work() -> int:
        done = answer(lab, verb, container, entry)
        said = done.document["code"] if done.status else 0
        os.write(2, f"{verb} ended with {said}\n".encode())
        return int(said != code)

    return killed_at(at, verb, work)


def killed_at(at: int, what: str, work: Callable[[], int]) -> bool:
    """The same for `work`, which gives an exit status; `what` it is called when it fails."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            killer = Killer(at)
            with pytest.MonkeyPatch.context() as patch:
                arm(patch, killer)
                status = work()
        except BaseException:  # noqa: BLE001 - nothing of pytest may go on in this process
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(status)
    _, how = os.waitpid(child, 0)
    if os.WIFSIGNALED(how):
        assert os.WTERMSIG(how) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(how) == 0, f"the {what} that was to be killed at point {at} failed"
    return False
