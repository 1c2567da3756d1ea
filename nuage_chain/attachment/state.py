"""What the steps of one call share: the surroundings they act on, and what they have found out so far."""

from __future__ import annotations

import contextlib
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nuage_chain.attachment.identity import Identity
from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.record import Record
from nuage_chain.attachment.settings import Placement, Settings
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Interface, Result
from nuage_chain.deadline import Deadline
from nuage_chain.link.address import Assignment
from nuage_chain.link.veth import Pair
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.switch import Resolved, Switch
from nuage_chain.vsd.access import Access
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.workload import Registration


def _on_stderr(sentence: str) -> None:
    # Python has no stderr where the process was started without one; nobody to tell is no reason to fail.
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(f"nuage-chain: {sentence}\n")
            sys.stderr.flush()


@dataclass(frozen=True)
class World:
    """Everything outside that a verb acts on; a test or the agent hands in its own.

    hostname: the default owner of objects in VSD. deadline: makes the budget of a call, from seconds. notice: is told
    in a sentence what went wrong without making the call fail; a runtime keeps standard error in its log. later: does
    what need not be waited for; at once, where the process ends with the call. call: names one ADD, so that only what
    it made is taken back for it. stands: is told at the end of an ADD's last step; nothing may break it off after that,
    since nothing takes it back any more. clock: Unix seconds.
    """

    hostname: str
    deadline: Callable[[float], Deadline] = Deadline
    switch: Callable[[Settings], Switch] = lambda settings: Switch(
        Connection(settings.text("ovsdb")), settings.text("bridge")
    )
    vsd: Callable[[Access], Session] = Session
    journal: Callable[[Settings], Journal] = lambda settings: Journal(
        Path(settings.text("stateDir")) / "journal", Path(settings.text("runDir"))
    )
    notice: Callable[[str], None] = _on_stderr
    later: Callable[[Callable[[], None]], None] = lambda work: work()
    call: Callable[[], str] = lambda: secrets.token_hex(8)
    stands: Callable[[], None] = lambda: None
    clock: Callable[[], float] = time.time


@dataclass
class Attaching:
    """One ADD on its way; the fields after `result` are filled in by the steps.

    notice, later, stands: as World's. record: what the steps' undo needs. mtu: of both ends, in bytes.
    assignments: the addresses that the overlay decided and that we configure; empty where IPAM decided.
    routed: those of them whose default route was made.
    """

    request: Request
    settings: Settings
    placement: Placement
    identity: Identity
    switch: Switch
    vsd: Session | None
    deadline: Deadline
    result: Result
    interface: Interface
    interface_index: int
    record: Record
    journal: Journal
    notice: Callable[[str], None] = lambda sentence: None
    later: Callable[[Callable[[], None]], None] = lambda work: work()
    stands: Callable[[], None] = lambda: None
    pair: Pair | None = None
    registration: Registration | None = None
    resolved: Resolved | None = None
    datapath: str = ""
    mtu: int = 0
    assignments: list[Assignment] = field(default_factory=list)
    routed: list[Assignment] = field(default_factory=list)

    @property
    def found(self) -> Pair:
        """The veth pair; the step that finds it comes first in every plan."""
        assert self.pair is not None  # noqa: S101 - a plan without that step is a bug, not an input
        return self.pair
