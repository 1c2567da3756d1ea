"""What a person asks a node that does not do as it should: each part of the way of an ADD, looked at on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from nuage_chain.attachment import settings, status
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.attachment.steps import plan
from nuage_chain.audit import memory
from nuage_chain.audit.networks import Networks, switch_of
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError

OK, WARNING, PROBLEM = "ok", "warning", "problem"
_SECONDS = 5.0
# The timer runs every five minutes; of two in a row that failed somebody should hear.
_LATE = 900.0


@dataclass(frozen=True)
class Finding:
    """part: what was looked at. state: one of the constants above. says: a sentence. remedy: what to do about it."""

    part: str
    state: str
    says: str
    remedy: str = ""


def examine(found: Networks, world: World) -> Iterator[Finding]:
    """Looks at each part in the order in which an ADD needs it; never raises a NuageChainError."""
    yield from _configuration(found)
    used = [*found.by_name.values()] or [found.node]
    for its in {switch_of(one): one for one in used}.values():
        yield _asked(f"switch {its.text('bridge')}", partial(_switch, its, world))
    for its in {one.text("vsd.url"): one for one in used if one.activation == settings.SPLIT}.values():
        yield _asked(f"VSD {its.text('vsd.url')}", partial(_vsd, its, world))
    yield _asked("journal", partial(_journal, found.node, world))
    yield _asked("audit", partial(_audit, found.node, world))


def _configuration(found: Networks) -> Iterator[Finding]:
    for problem in found.problems:
        yield Finding("configuration", PROBLEM, problem, "`nuage-chain lint` tells of each file.")
    for name, its in found.by_name.items():
        steps = ", ".join(step.name for step in plan(its))
        yield Finding(f"network {name}", OK, f"{its.activation} activation; an ADD does: {steps}.")
    if not found.by_name and not found.problems:
        hint = "`nuage-chain install` puts one into /etc/cni/net.d."
        yield Finding("configuration", WARNING, "No network configuration has nuage-chain in its list.", hint)


def _asked(part: str, ask: Callable[[], tuple[str, str, str]]) -> Finding:
    try:
        state, says, remedy = ask()
    except NuageChainError as e:
        return Finding(part, PROBLEM, e.message, e.hint)
    return Finding(part, state, says, remedy)


def _switch(found: Settings, world: World) -> tuple[str, str, str]:
    status.ask_switch(found, world, Deadline(_SECONDS))
    return OK, f"Open vSwitch runs, the bridge is there, a controller is master ({found.text('ovsdb')}).", ""


def _vsd(found: Settings, world: World) -> tuple[str, str, str]:
    status.ask_vsd(found, world, Deadline(_SECONDS))
    access = found.access()
    return OK, f"It lets {access.user} of {access.organization} in.", ""


def _journal(node: Settings, world: World) -> tuple[str, str, str]:
    debts = world.journal(node).debts()
    if not debts:
        return OK, "Nothing is owed.", ""
    age = max(world.clock() - debts[0].since, 0)
    says = f"{len(debts)} attachment(s) are not gone everywhere, the oldest for {age:.0f} s: {debts[0].problem}"
    return WARNING, says, "The audit pays them when it can; `nuage-chain audit plan` lists them."


def _audit(node: Settings, world: World) -> tuple[str, str, str]:
    last = memory.load(memory.file_of(node)).succeeded
    age = world.clock() - last
    if last and age <= _LATE:
        return OK, f"It ran without a failure {age:.0f} s ago.", ""
    says = f"It has not run without a failure for {age:.0f} s." if last else "It has never run without a failure."
    hint = "systemctl status nuage-chain-audit.timer nuage-chain-audit.service; or `nuage-chain audit apply` by hand."
    return WARNING, says, hint


def worst(findings: Sequence[Finding]) -> str:
    """The worst state of all."""
    states = {one.state for one in findings}
    return next((state for state in (PROBLEM, WARNING) if state in states), OK)
