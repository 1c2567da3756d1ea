"""What has to go before an ADD can begin: what an earlier call, a reboot or a debt has left in its way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nuage_chain.attachment.delete import remove_locked
from nuage_chain.attachment.identity import Identity
from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.record import Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.settle import settle
from nuage_chain.attachment.state import World
from nuage_chain.deadline import Deadline
from nuage_chain.errors import AlreadyAttached, TryAgainLater
from nuage_chain.link.kernel import boot_id
from nuage_chain.vrs import rows


def clear(who: Identity, found: Settings, world: World, deadline: Deadline) -> None:
    """What an earlier call has left of this attachment goes first; the caller holds its lock.

    Raises TryAgainLater where it cannot go now.
    """
    left = world.journal(found).read(who.container_id, who.ifname)
    _all_gone(who, settle(left, found, world, deadline) if left else [])


def clear_another_boot(who: Identity, found: Settings, world: World, deadline: Deadline) -> bool:
    """Removes the attachment's port of a boot before this one; returns whether there was one.

    A runtime that restarts a container after a reboot adds it without a DEL, under the same ID. An ADD finds that out
    when it is refused, so that every other one need not look. Raises AlreadyAttached where the port lives,
    TryAgainLater.
    """
    switch = world.switch(found)
    try:
        port = switch.find(who.container_id, who.ifname, deadline)
    finally:
        switch.close()
    if port is None:
        return False
    if port.marks.get(rows.BOOT, "") in ("", boot_id()):
        raise AlreadyAttached(
            f"{who.ifname} of container {who.container_id} is attached already, by the port {port.name}."
        )
    remove_locked(who, found, world, deadline)
    debt = world.journal(found).debt(who.container_id, who.ifname)
    _all_gone(who, [debt.problem] if debt else [])
    return True


def _all_gone(who: Identity, problems: Sequence[str]) -> None:
    if problems:
        raise TryAgainLater(
            f"{who.ifname} of container {who.container_id} cannot be added before what is left of it has gone:"
            f" {' '.join(problems)}"
        )


def pay(records: Iterable[Record], network: str, found: Settings, world: World, deadline: Deadline) -> None:
    """Pays these debts where nobody else is at it; what cannot be paid is told as a notice.

    found: the settings of `network`.
    """
    journal = world.journal(found)
    for record in records:
        with journal.try_lock(record.container_id, record.ifname) as ours:
            still = journal.debt(record.container_id, record.ifname) if ours else None
            its = found if record.network == network else record.settings(found)
            for problem in settle(still, its, world, deadline) if still else ():
                world.notice(f"{record.ifname} of container {record.container_id} is still owed: {problem}")


def what_holds(record: Record, addresses: Iterable[str], journal: Journal) -> list[Record]:
    """The debts that keep an address or a name in VSD which this ADD needs."""
    wanted = set(addresses)
    return [owed for owed in journal.debts() if wanted & set(owed.addresses) or owed.name == record.name]
