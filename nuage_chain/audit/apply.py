"""Carries out a plan: each attachment under its lock, looked at once more, by the same code as a DEL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nuage_chain.attachment import record as records
from nuage_chain.attachment import settle
from nuage_chain.attachment.delete import remove_locked
from nuage_chain.attachment.identity import Identity
from nuage_chain.attachment.record import DEL, Objects
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.audit.facts import Facts
from nuage_chain.audit.networks import Networks
from nuage_chain.audit.plan import Action, Kind
from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded, NuageChainError
from nuage_chain.link import sandbox, veth
from nuage_chain.link.kernel import boot_id
from nuage_chain.link.sandbox import Sandbox
from nuage_chain.vrs import rows
from nuage_chain.vrs.connection import GuardFailed

_SECONDS = 5
# From one run of the timer to the next.
_BETWEEN_SECONDS = 300


@dataclass(frozen=True)
class Done:
    """How an action ended. outcome: `done`, `skipped`, `owed` or `failed`; why: a sentence, empty where done."""

    action: Action
    outcome: str
    why: str = ""


def carry_out(actions: Sequence[Action], networks: Networks, world: World, deadline: Deadline) -> list[Done]:
    """One attachment after the other, each in transactions of its own: many ports that go at once stop the forwarding
    (field notes 15). Debts come last and begin elsewhere each time: those whose VSD is away must not take all the time.
    """
    debts = [a for a in actions if _is_debt(a)]
    first = int(world.clock() / _BETWEEN_SECONDS) % max(len(debts), 1)
    ordered = [*(a for a in actions if not _is_debt(a)), *debts[first:], *debts[:first]]
    return [_one(action, networks, world, deadline) for action in ordered]


def _is_debt(action: Action) -> bool:
    return action.facts.record is not None and bool(action.facts.record.owed)


def _one(action: Action, networks: Networks, world: World, whole: Deadline) -> Done:
    """Never raises for what one attachment does: the others are to be cleaned up all the same."""
    key, found = action.facts.key, networks.of(action.facts.network, action.facts.switch)
    try:
        deadline = world.deadline(whole.left("this audit", at_most=found.timeout))
    except DeadlineExceeded:
        return Done(action, "skipped", "There was no time left for it; the next audit goes on.")
    try:
        journal = world.journal(networks.node)
        with journal.try_lock(*key) as ours:
            if not ours:
                return Done(action, "skipped", "A call for it is under way.")
            return _WAYS[action.kind](action, found, networks, world, deadline)
    except NuageChainError as e:
        return Done(action, "failed", e.message)
    except OSError as e:
        return Done(action, "failed", f"{e.filename or 'A file'}: {e.strerror or e}.")


def _settle(action: Action, found: Settings, networks: Networks, world: World, deadline: Deadline) -> Done:
    record = world.journal(networks.node).read(*action.facts.key)
    if record is None:
        return Done(action, "done", "Somebody else has settled it.")
    known = action.facts.network in networks.by_name
    problems = settle.settle(record, found if known else record.settings(networks.node), world, deadline)
    return Done(action, "owed" if problems else "done", " ".join(problems))


def _remove(action: Action, found: Settings, _networks: Networks, world: World, deadline: Deadline) -> Done:
    facts, same_boot = action.facts, action.facts.boot in ("", boot_id())
    changed = _changed(facts, found, world, deadline)
    if changed:
        return Done(action, "skipped", changed)
    if facts.seen is not None:
        remove_locked(_identity(facts, found.owner), found, world, deadline)
    else:
        _remove_without_port(facts, found, world, deadline)
    if same_boot:
        _remove_link(facts)
    left = world.journal(found).debt(*facts.key)
    return Done(action, "owed", left.problem) if left else Done(action, "done")


def _changed(facts: Facts, found: Settings, world: World, deadline: Deadline) -> str:
    """What keeps it from being removed after all; a call may have come between the plan and the lock."""
    switch = world.switch(found)
    try:
        port = switch.find(*facts.key, deadline)
    finally:
        switch.close()
    if (port.port_uuid if port else None) != (facts.seen.uuid if facts.seen else None):
        return "Its port has changed since it was judged."
    if facts.host and facts.boot in ("", boot_id()) and facts.sandbox is not Sandbox.SILENT:
        now = sandbox.look(facts.netns, facts.key[1], facts.host, sandbox.peopled(), _SECONDS)
        if now is not facts.sandbox:
            return f"Its sandbox has changed since it was judged: {now.value}."
    return ""


def _remove_without_port(facts: Facts, found: Settings, world: World, deadline: Deadline) -> None:
    """Rows that the switch has lost the port of, and objects in VSD that nobody else knows of."""
    owner = facts.vsd.external_id.rpartition("@")[2] if facts.vsd else found.owner
    record = records.begun(DEL, _identity(facts, owner), found, world.clock(), boot=boot_id())
    if facts.remembered is not None:
        record.uuid = facts.remembered.port.uuid
        record.objects = _known_objects(facts.remembered.port.marks)
    if facts.vsd is not None:
        record.objects = Objects(parent=facts.vsd.parent, vport=facts.vsd.vport)
    settle.settle(record, found, world, deadline)


def _known_objects(marks: Mapping[str, str]) -> Objects | None:
    """What the port told of VSD when it was seen last; VSD itself may be silent now."""
    if rows.VPORT not in marks:
        return None
    return Objects(
        container=marks.get(rows.VSD_CONTAINER, ""),
        interface=marks.get(rows.VSD_INTERFACE, ""),
        vport=marks[rows.VPORT],
    )


def _remove_link(facts: Facts) -> None:
    """The host end, and with it the container's: a runtime that never called DEL leaves both.

    Not where it is another link of that name by now, or somebody has put it into a Linux bridge. The kernel datapath
    lets go of a port a moment after OVSDB has.
    """
    link = veth.current(facts.host) if facts.host else None
    if link is None or (link.master and not link.in_switch):
        return
    if facts.remembered is None or facts.remembered.index in (0, link.index):
        veth.remove(link)


def _put_back(action: Action, found: Settings, networks: Networks, world: World, deadline: Deadline) -> Done:
    facts, known = action.facts, action.facts.remembered
    link = veth.current(facts.host)
    if known is None or link is None or link.index != known.index or link.master or known.boot != boot_id():
        return Done(action, "skipped", "Its host end is not as it was.")
    if world.journal(networks.node).read(*facts.key) is not None:
        return Done(action, "skipped", "A call has been at it since it was judged.")
    changed = _changed(facts, found, world, deadline)
    if changed:
        return Done(action, "skipped", changed)
    switch = world.switch(found)
    try:
        switch.put_back(known.port, facts.parts, deadline)
    except GuardFailed:
        return Done(action, "skipped", "Its rows have changed since it was judged.")
    finally:
        switch.close()
    return Done(action, "done")


def _identity(facts: Facts, owner: str) -> Identity:
    return Identity(
        container_id=facts.key[0],
        ifname=facts.key[1],
        network=facts.network,
        netns=facts.netns,
        namespace="",
        name=facts.remembered.port.vm_name if facts.remembered else facts.key[0][:12],
        pod_uid=facts.pod_uid,
        owner=owner,
    )


_Way = Callable[[Action, Settings, Networks, World, Deadline], Done]
_WAYS: Mapping[Kind, _Way] = {Kind.SETTLE: _settle, Kind.REMOVE: _remove, Kind.PUT_BACK: _put_back}
