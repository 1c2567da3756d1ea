"""ADD: the container's interface becomes a port of the overlay, or nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nuage_chain import tracing
from nuage_chain.attachment import addressing, before, identity, placing, settings, settle, sources
from nuage_chain.attachment import record as records
from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.node import description
from nuage_chain.attachment.plan import carry_out
from nuage_chain.attachment.record import ADD, Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import Attaching, World
from nuage_chain.attachment.steps import plan
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Interface, Result
from nuage_chain.deadline import Deadline
from nuage_chain.errors import AlreadyAttached, BadConfig, HostVethNotFound, InvalidNetns, NuageChainError, VsdRefused
from nuage_chain.link import netns
from nuage_chain.link.kernel import boot_id

_UNDO_SECONDS = 5


def add(request: Request, world: World, config_file: Path | None = None) -> Result:
    """Attaches the container and returns the result for the next plugin or the runtime.

    Raises a NuageChainError, after everything that was changed has been put back; what could not be is in the journal.
    """
    layers = sources.layers(request, config_file=config_file)
    previous = _previous(request)
    if not request.netns_override and netns.is_own(request.netns):
        raise InvalidNetns(f"CNI_NETNS, {request.netns}, is the network namespace that the plugin itself runs in.")
    node = settings.merge(layers, world.hostname)
    deadline, journal, call = world.deadline(node.timeout), world.journal(node), world.call()
    tracing.note(folder=Path(node.text("stateDir")), call=call)
    who = identity.of(request, node.owner, description(world.hostname, node.text("stateDir")))

    def attach() -> Result:
        record = records.begun(ADD, who, node, world.clock(), call=call, boot=boot_id())
        with (
            _journaled(record, journal),
            placing.placed(request, layers, world, deadline, record, lambda: journal.write(record)) as placed,
        ):
            return _attach(request, world, placed.settings, previous, deadline, who, record, journal)

    with journal.lock(who.container_id, who.ifname, deadline):
        before.clear(who, node, world, deadline)
        try:
            return attach()
        except (AlreadyAttached, VsdRefused):
            if not before.clear_another_boot(who, node, world, deadline):
                raise
        return attach()


@contextmanager
def _journaled(record: Record, journal: Journal) -> Iterator[None]:
    """The record goes with the call, unless the rollback could not take back all of it."""
    try:
        yield
    except BaseException as e:
        if not record.owed:
            journal.paid(record)
        else:
            try:
                settle.keep(record, str(e), journal)
            except NuageChainError as worse:
                if isinstance(e, NuageChainError):
                    e.add(worse.message)
        raise
    journal.ended(record)


def _attach(
    request: Request,
    world: World,
    found: Settings,
    previous: tuple[Result, int, Interface],
    deadline: Deadline,
    who: identity.Identity,
    record: Record,
    journal: Journal,
) -> Result:
    place = found.placement()
    result, index, interface = previous
    result.dns = _own_dns(request) or result.dns
    access = found.access() if found.activation == settings.SPLIT else None
    switch, vsd = world.switch(found), world.vsd(access) if access else None
    at = Attaching(
        request=request,
        settings=found,
        placement=place,
        identity=who,
        switch=switch,
        vsd=vsd,
        deadline=deadline,
        result=result,
        interface=interface,
        interface_index=index,
        record=record,
        journal=journal,
        notice=world.notice,
        later=world.later,
        stands=world.stands,
    )
    try:
        wanted = [str(ip.address.ip) for ip in addressing.wanted(at).ips.values()]
        before.pay(before.what_holds(record, wanted, journal), record.network, found, world, deadline)
        carry_out(plan(found), at, lambda: journal.write(record), lambda: _undoing(at, world))
        return at.result
    finally:
        switch.close()
        if vsd is not None:
            vsd.close()


def _undoing(at: Attaching, world: World) -> Undoing:
    """Each part of the rollback gets some seconds even after the call's own time is used up."""
    return Undoing(
        at.record,
        at.settings,
        world,
        lambda: at.deadline.extended(at_least=_UNDO_SECONDS),
        switch=at.switch,
        vsd=at.vsd,
    )


def _previous(request: Request) -> tuple[Result, int, Interface]:
    """prevResult, and the container's interface in it."""
    if request.previous is None:
        raise BadConfig(
            "There is no prevResult: nuage-chain cannot be the first plugin of a list.",
            hint="Put bridge or ptp before it; conflists/ has ready lists.",
        )
    named = request.previous.container_interface(request.ifname, request.netns)
    if named is None:
        raise HostVethNotFound(f"prevResult has no interface {request.ifname} inside a sandbox.")
    return request.previous, *named


def _own_dns(request: Request) -> dict[str, Any]:
    """`dns` of our own entry, which goes before that of the plugins before us, as with the reference plugins."""
    dns = request.config.get("dns") or {}
    if not isinstance(dns, Mapping):
        raise BadConfig("`dns` of our entry has to be an object, with `nameservers` and the like.")
    return {k: v for k, v in dns.items() if v}
