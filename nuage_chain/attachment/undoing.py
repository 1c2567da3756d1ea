"""What `undo` acts on: a record, and the surroundings, opened when they are first needed."""

from __future__ import annotations

from collections.abc import Callable

from nuage_chain.attachment.record import Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.deadline import Deadline
from nuage_chain.vrs.switch import Plugged, Switch
from nuage_chain.vsd.session import Session


class Undoing:
    """One attachment on its way out.

    found: the settings that the record was written under, with today's secrets. budget: the time for the next part.
    switch, vsd: those of the call that is rolled back, which closes them itself. port: one that was found just now;
    unplugging it compares it in its transaction.
    """

    def __init__(
        self,
        record: Record,
        found: Settings,
        world: World,
        budget: Callable[[], Deadline],
        *,
        switch: Switch | None = None,
        vsd: Session | None = None,
        port: Plugged | None = None,
    ) -> None:
        self.record = record
        self.found = found
        self.budget = budget
        self._world = world
        self._switch, self._vsd = switch, vsd
        self._theirs = (switch, vsd)
        self._port = port

    @property
    def switch(self) -> Switch:
        """The switch that has, or may have, the port."""
        self._switch = self._switch or self._world.switch(self.found)
        return self._switch

    @property
    def vsd(self) -> Session:
        """Raises BadConfig for what is missing to log in."""
        self._vsd = self._vsd or self._world.vsd(self.found.access())
        return self._vsd

    def port(self) -> Plugged | None:
        """The attachment's port as it is now; None where there is none, or it is another call's."""
        record = self.record
        port = self._port or self.switch.find(record.container_id, record.ifname, self.budget())
        return port if port is not None and record.is_about(port) else None

    def close(self) -> None:
        """Closes what was opened here."""
        for opened in (self._switch, self._vsd):
            if opened is not None and opened not in self._theirs:
                opened.close()
