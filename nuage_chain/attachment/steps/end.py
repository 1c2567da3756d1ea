"""The end of an ADD: what the runtime is told, and a DEL that could not wait has the last word."""

from __future__ import annotations

from nuage_chain.attachment import addressing
from nuage_chain.attachment.record import KERNEL
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.cni.result import Interface
from nuage_chain.errors import TryAgainLater
from nuage_chain.link import veth


class CompleteResult:
    """prevResult with both ends as they are after the move: the host end's MAC may have changed (plugins #809)."""

    name = "complete the result"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        """Nothing to look at before."""

    def do(self, at: Attaching) -> None:
        """A step, although it changes nothing, since an ADD without a result is taken back."""
        host = veth.current(at.found.host.name)
        if host is not None:
            named = [i for i in at.result.interfaces if i.name == host.name and not i.sandbox]
            if not named:
                # At the end, since `ips` count the interfaces.
                named = [Interface(host.name)]
                at.result.interfaces += named
            for interface in named:
                interface.mac, interface.mtu = host.mac, host.mtu
        at.interface.mac, at.interface.mtu = at.found.container.mac, at.mtu
        addressing.add_to_result(at)

    def undo(self, un: Undoing) -> None:
        """Nothing to take back."""


class Confirm:
    """Nobody has asked meanwhile for the attachment to go; a runtime does, when an ADD takes too long for it."""

    name = "confirm"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        """Nothing to look at before."""

    def do(self, at: Attaching) -> None:
        """Raises TryAgainLater, so that everything is taken back."""
        if at.journal.debt(at.record.container_id, at.record.ifname) is not None:
            raise TryAgainLater(
                f"{at.record.ifname} of container {at.record.container_id} was deleted while it was being added."
            )
        at.stands()

    def undo(self, un: Undoing) -> None:
        """Nothing to take back."""
