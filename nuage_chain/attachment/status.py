"""STATUS: whether an ADD could succeed now (specification, "STATUS"; codes 50 and 51)."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import LimitedConnectivity, NotAvailable, NuageChainError, TryAgainLater

# A runtime asks every five seconds, and an answer that takes longer than that is an answer too.
_SECONDS = 4


def status(request: Request, world: World, config_file: Path | None = None) -> None:
    """Asks OVSDB for the switch, the bridge and the controller's role and, in `split`, VSD for a session.

    Raises LimitedConnectivity when containers that are attached are cut off too, NotAvailable otherwise.
    """
    found = settings.merge(sources.layers(request, config_file=config_file), world.hostname)
    deadline = world.deadline(min(found.timeout, _SECONDS))
    try:
        _tell_debts(found, world)
        ask_switch(found, world, deadline)
        if found.activation == settings.SPLIT:
            ask_vsd(found, world, deadline)
    except (LimitedConnectivity, NotAvailable):
        raise
    except TryAgainLater as e:
        raise NotAvailable(e.message, hint=e.hint) from e
    except NuageChainError as e:
        if e.code < 100:
            raise
        raise NotAvailable(e.message, hint=e.hint) from e


def _tell_debts(found: Settings, world: World) -> None:
    """What is owed keeps no container from being attached; a person who looks should see it all the same."""
    debts = world.journal(found).debts()
    if debts:
        age = max(world.clock() - debts[0].since, 0)
        world.notice(
            f"{len(debts)} attachment(s) are not gone everywhere yet, the oldest for {age:.0f} s: {debts[0].problem}"
            " `nuage-chain audit plan` lists them."
        )


def ask_switch(found: Settings, world: World, deadline: Deadline) -> None:
    """Whether the switch works as a whole. Raises LimitedConnectivity, and TryAgainLater where nobody can tell."""
    switch = world.switch(found)
    try:
        health = switch.health(deadline)
    finally:
        switch.close()
    where = f"in the switch at {found.text('ovsdb')}"
    if not health.runs:
        raise LimitedConnectivity(
            f"OVSDB answers at {found.text('ovsdb')}, but Open vSwitch (ovs-vswitchd) does not run.",
            hint="Start ovs-vswitchd; without it nothing is forwarded, to containers that run already neither.",
        )
    if not health.bridge:
        raise LimitedConnectivity(
            f"There is no bridge {switch.bridge} {where}.",
            hint="Check that VRS runs on this node and that `bridge` names its bridge.",
        )
    if not health.master:
        raise LimitedConnectivity(
            f"No controller has the role of master {where}.",
            hint="Check the connection from VRS to its VSC; containers that run already may be affected too.",
        )


def ask_vsd(found: Settings, world: World, deadline: Deadline) -> None:
    """Whether VSD lets us in. Raises BadConfig and what the session raises."""
    vsd = world.vsd(found.access())
    try:
        vsd.get("me", deadline)
    finally:
        vsd.close()
