"""What a person asks a node that does not do as it should: each part of the way of an ADD, looked at on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from nuage_chain.attachment import placing, settings, status
from nuage_chain.attachment.keys import KEYS
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.attachment.steps import plan
from nuage_chain.audit import memory
from nuage_chain.audit.networks import Networks, apart, switch_of
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.orchestrators import kubernetes

OK, WARNING, PROBLEM = "ok", "warning", "problem"
_SECONDS = 5.0
# The timer runs every five minutes; of two in a row that failed somebody should hear.
_LATE = 900.0
_PAID = "The audit pays them when it can; `nuage-chain audit plan` lists them."
_UNPAID = "The next call for each of them pays; the audit does not."
_ONE_FOLDER = (
    "Take `stateDir` and `runDir` out of its entry, or set them for the whole node, once nothing is attached to it."
)


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
    used = [*found.by_name.values(), *found.elsewhere.values()] or [found.node]
    for its in {switch_of(one): one for one in used}.values():
        yield _asked(f"switch {its.text('bridge')}", partial(_switch, its, world))
    for its in _each(used, "vsd", lambda one: one.activation == settings.SPLIT):
        yield _asked(f"VSD {its.text('vsd.url')} as {its.text('vsd.user')}", partial(_vsd, its, world))
    for its in _each(used, "kubernetes", lambda one: bool(one.text("kubernetes.kubeconfig"))):
        yield _asked(f"API server of {its.text('kubernetes.kubeconfig')}", partial(_api_server, its))
    for its in _each(used, "kubemon", placing.monitored):
        yield _asked(f"nuagekubemon {its.text('kubemon.url')}", partial(_kubemon, its))
    yield _asked("journal", partial(_journal, found.node, world, _PAID))
    for name, its in found.elsewhere.items():
        yield _asked(f"journal of {name}", partial(_journal, its, world, _UNPAID))
    yield _asked("audit", partial(_audit, found.node, world))


def _configuration(found: Networks) -> Iterator[Finding]:
    for problem in found.unread:
        yield Finding("configuration", PROBLEM, problem, "`nuage-chain lint` tells of each file.")
    for name, its in {**found.by_name, **found.elsewhere}.items():
        steps = ", ".join(step.name for step in plan(its))
        yield Finding(f"network {name}", OK, f"{its.activation} activation; an ADD does: {steps}.")
    for name, its in found.elsewhere.items():
        yield Finding(f"audit of {name}", WARNING, f"The network {apart(its)}", _ONE_FOLDER)
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


def _api_server(found: Settings) -> tuple[str, str, str]:
    server = placing.api_server(found)
    version = kubernetes.version(server, Deadline(_SECONDS))
    return OK, f"It answers at {server.url} and knows us; it is Kubernetes {version}.", ""


def _kubemon(found: Settings) -> tuple[str, str, str]:
    placing.monitor(found).greet(Deadline(_SECONDS))
    return OK, "It answers, and takes our certificate.", ""


def _each(used: Sequence[Settings], section: str, asks: Callable[[Settings], bool]) -> Iterable[Settings]:
    """One of those that ask and have the same in that section of the configuration."""
    keys = [name for name in KEYS if name.startswith(f"{section}.")]
    return {tuple(one.text(key) for key in keys): one for one in used if asks(one)}.values()


def _journal(its: Settings, world: World, remedy: str) -> tuple[str, str, str]:
    debts = world.journal(its).debts()
    if not debts:
        return OK, "Nothing is owed.", ""
    age = max(world.clock() - debts[0].since, 0)
    says = f"{len(debts)} attachment(s) are not gone everywhere, the oldest for {age:.0f} s: {debts[0].problem}"
    return WARNING, says, remedy


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
