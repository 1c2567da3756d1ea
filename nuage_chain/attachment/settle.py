"""Brings an attachment to "not there", by its record alone: after a crash, for a DEL, and to pay what is owed.

Whoever calls this holds the attachment's lock.
"""

from __future__ import annotations

from collections.abc import Iterable

from nuage_chain.attachment import placing
from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.plan import Trouble, roll_back
from nuage_chain.attachment.record import DEL, KUBEMON, OVSDB, Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.attachment.steps import everything
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.deadline import Deadline
from nuage_chain.errors import IOFailure, NuageChainError
from nuage_chain.link.kernel import boot_id
from nuage_chain.vrs.switch import Plugged

# Each part of what has to be undone may take that share of the time that is left, so that one that hangs does not
# keep the others from being tried.
_SHARE = 0.5


def settle(record: Record, found: Settings, world: World, deadline: Deadline) -> list[str]:
    """Undoes or finishes the call of `record`; its file is gone when nothing is owed any more.

    found: today's settings of the record's network, which may have been mended since; Record.settings has those it was
    written under, for who does not know them.
    Returns what is still owed, a sentence each. Raises IOFailure when it cannot be kept.
    """
    journal = world.journal(found)
    troubles = take_back(record, found, world, deadline)
    if troubles:
        keep(record, _sentence(troubles), journal)
    else:
        journal.paid(record)
    return [str(trouble) for trouble in troubles]


def take_back(
    record: Record, found: Settings, world: World, deadline: Deadline, port: Plugged | None = None
) -> list[Trouble]:
    """Undoes all that the record tells of, past every error. Writes nothing into the journal.

    port: the attachment's, where the caller has just looked for it.
    """
    record.owed = []
    if record.boot != boot_id():
        record.host = record.container = None
    if record.verb == DEL and record.objects is not None:
        # Another interface of the container may have come since: only VSD knows whether this one is the last.
        record.objects.last = None
    un = Undoing(record, found, world, lambda: deadline.part(_SHARE), port=port)
    try:
        if record.call and _is_anothers(un):
            return []
        troubles = roll_back(everything(), un)
    except NuageChainError as e:
        record.owed.append(OVSDB)
        return [Trouble("look for the port", OVSDB, e)]
    finally:
        un.close()
    return [*troubles, *_released(un, world, deadline)]


def keep(record: Record, problem: str, journal: Journal) -> None:
    """Makes the record a debt. problem: why, in a sentence. Raises IOFailure, which says what is left where."""
    record.problem = problem
    try:
        journal.owe(record)
        journal.ended(record)
    except IOFailure as e:
        e.add(f"And something is left of {record.ifname} of container {record.container_id}: {record.problem}")
        raise


def _sentence(troubles: Iterable[Trouble]) -> str:
    return " ".join(map(str, troubles))


def _is_anothers(un: Undoing) -> bool:
    """Whether the attachment's port is another call's than the record's, which then has nothing to undo.

    An ADD of what is attached already is refused; when it is killed before that, what the first one made, in VSD under
    the same externalID too, is not touched. Raises what OVSDB raises: without an answer nothing may be touched either.
    """
    port = un.switch.find(un.record.container_id, un.record.ifname, un.budget())
    return port is not None and not un.record.is_about(port)


def _released(un: Undoing, world: World, deadline: Deadline) -> list[Trouble]:
    """After VSD, since nuagekubemon may remove a subnet that is empty; and whatever VSD said."""
    record = un.record
    if not record.monitored:
        return []
    problem = placing.released(record, un.found, world, deadline.extended(placing.RELEASE_SECONDS))
    if problem is None:
        record.monitored = ""
        return []
    if KUBEMON not in record.owed:
        record.owed.append(KUBEMON)
    return [Trouble(f"tell nuagekubemon of the end of {record.monitored}", KUBEMON, problem)]
