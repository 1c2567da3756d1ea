"""The end of an ADD: a DEL that could not wait for it has the last word."""

from __future__ import annotations

from nuage_chain.attachment.record import KERNEL
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.errors import TryAgainLater


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

    def undo(self, un: Undoing) -> None:
        """Nothing to take back."""
