"""DEL: nothing of the attachment is left in the switch, in VRS's tables, in VSD.

It needs nothing but the container ID and interface name: no network namespace, no prevResult, no cache. And it does not
fail for what can be paid later: a runtime keeps a container whose DEL fails, for ever or leaking the rest of it.
"""

from __future__ import annotations

from pathlib import Path

from nuage_chain import tracing
from nuage_chain.attachment import identity, settings, settle, sources
from nuage_chain.attachment import record as records
from nuage_chain.attachment.identity import Identity
from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.lock import Busy
from nuage_chain.attachment.record import DEL, OVSDB, VSD, Objects, Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import InvalidNetns, IOFailure, NuageChainError
from nuage_chain.link import netns
from nuage_chain.link.kernel import boot_id
from nuage_chain.vrs import rows
from nuage_chain.vrs.switch import Plugged

# What waits for others leaves time for the work itself, and for telling the runtime.
_TO_WAIT, _TO_FIND = 0.4, 0.4


def delete(request: Request, world: World, config_file: Path | None = None) -> None:
    """Detaches the container; a second time, or of something never attached, it finds nothing and succeeds.

    Raises a NuageChainError where the configuration cannot be read, or where something is left and the journal cannot
    be written.
    """
    found = settings.merge(sources.layers(request, config_file=config_file, strict=False), world.hostname)
    tracing.note(folder=Path(found.text("stateDir")))
    remove(identity.of(request, found.owner), found, world, world.deadline(found.timeout))
    _refuse_own_namespace(request)


def remove(who: Identity, found: Settings, world: World, deadline: Deadline) -> None:
    """The same for one attachment of several, with settings that are read and a budget that has begun."""
    journal = world.journal(found)
    try:
        with journal.lock(who.container_id, who.ifname, deadline.part(_TO_WAIT)):
            remove_locked(who, found, world, deadline)
    except Busy as e:
        # The ADD that holds it looks for this debt at its end, and takes itself back.
        _owe(_unknown(who, found, world), e.message, journal, world)


def remove_call(who: Identity, call: str, found: Settings, world: World, deadline: Deadline) -> None:
    """Takes back the ADD of that name whose answer was lost, however far it came, and no other one.

    Waits until it has ended. Raises Busy, and what `remove` raises.
    """
    journal = world.journal(found)
    with journal.lock(who.container_id, who.ifname, deadline):
        left = journal.read(who.container_id, who.ifname)
        if left is not None and left.call == call:
            for problem in settle.settle(left, found, world, deadline):
                world.notice(f"{who.ifname} of container {who.container_id} is not gone everywhere: {problem}")
            return
        switch = world.switch(found)
        try:
            port = switch.find(who.container_id, who.ifname, deadline.part(_TO_FIND))
        finally:
            switch.close()
        if port is not None and port.marks.get(rows.CALL) == call:
            remove_locked(who, found, world, deadline)


def remove_locked(who: Identity, found: Settings, world: World, deadline: Deadline) -> None:
    """The same for a caller who holds the attachment's lock."""
    journal = world.journal(found)
    record = _known(who, found, world, journal)
    try:
        port = _find(record, found, world, deadline)
        unsaid = _describe(record, port, journal)
    except NuageChainError as e:
        port = unsaid = None
        world.notice(f"The port of {who.ifname} of container {who.container_id} cannot be looked for: {e.message}")
    troubles = settle.take_back(record, found, world, deadline, port)
    if not troubles:
        journal.paid(record)
    elif unsaid is not None:
        unsaid.add(f"And not all of it is gone: {' '.join(map(str, troubles))}")
        raise unsaid
    else:
        _owe(record, " ".join(map(str, troubles)), journal, world)


def _known(who: Identity, found: Settings, world: World, journal: Journal) -> Record:
    """What a call before this one left in the journal, else what a DEL knows by itself."""
    try:
        record = journal.read(who.container_id, who.ifname) or _unknown(who, found, world)
    except IOFailure as e:
        world.notice(e.message)
        record = _unknown(who, found, world)
    record.verb, record.call = DEL, ""
    return record


def _unknown(who: Identity, found: Settings, world: World) -> Record:
    record = records.begun(DEL, who, found, world.clock(), boot=boot_id())
    record.objects = Objects() if found.activation == settings.SPLIT else None
    return record


def _find(record: Record, found: Settings, world: World, deadline: Deadline) -> Plugged | None:
    switch = world.switch(found)
    try:
        return switch.find(record.container_id, record.ifname, deadline.part(_TO_FIND))
    finally:
        switch.close()


def _describe(record: Record, port: Plugged | None, journal: Journal) -> IOFailure | None:
    """What the marks tell is on disk before the port goes, and they with it; the error where it cannot be written."""
    if port is None:
        return None
    marks = port.marks
    if rows.VPORT in marks:
        record.objects = Objects(
            parent=record.objects.parent if record.objects else "",
            container=marks.get(rows.VSD_CONTAINER, ""),
            interface=marks.get(rows.VSD_INTERFACE, ""),
            vport=marks[rows.VPORT],
        )
    record.monitored = marks.get(rows.MONITORED, record.monitored)
    record.addresses = [a for a in marks.get(rows.ADDRESS, "").split(",") if a] or record.addresses
    try:
        journal.write(record)
    except IOFailure as e:
        # A full disk must not keep a container from going; only what is left then has to be told to the runtime.
        return e
    return None


def _owe(record: Record, problem: str, journal: Journal, world: World) -> None:
    record.owed = record.owed or [OVSDB, VSD]
    settle.keep(record, problem, journal)
    world.notice(
        f"{record.ifname} of container {record.container_id} is not gone everywhere, and the audit goes on with it:"
        f" {record.problem}"
    )


def _refuse_own_namespace(request: Request) -> None:
    """As libcni's skel: our part is done, but the DEL of a plugin that comes next would delete the host's interface.

    The path may lead there when it was one of /proc and its process ID is somebody else's now (plugins #714).
    """
    path = request.netns
    if path and not request.netns_override and netns.exists(path) and netns.is_own(path):
        raise InvalidNetns(f"CNI_NETNS, {path}, is the network namespace that the plugin itself runs in.")
