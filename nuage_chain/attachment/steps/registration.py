"""VSD's part of a `split` activation."""

from __future__ import annotations

from nuage_chain.attachment import addressing
from nuage_chain.attachment.record import VSD, Objects
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.errors import VsdRefused
from nuage_chain.vsd import names, workload
from nuage_chain.vsd.made import Made
from nuage_chain.vsd.session import Session


class RegisterWithVsd:
    """vPort, policy groups, redirection targets, then the container with MAC and address, over REST."""

    name = "register with VSD"
    owes = VSD

    def __init__(self) -> None:
        self._subnet: names.Subnet | None = None
        self._groups: list[str] = []
        self._targets: list[str] = []

    def prepare(self, at: Attaching) -> None:
        """Looks names up: whatever is not there is said before anything is made."""
        assert at.vsd is not None  # noqa: S101 - the plan has this step only in split activation
        place = at.placement
        subnet = names.find_subnet(at.vsd, place.enterprise, place.domain, place.zone, place.subnet, at.deadline)
        self._groups = names.find_policy_groups(at.vsd, subnet.domain_id, place.policy_groups, at.deadline)
        self._targets = names.find_redirection_targets(at.vsd, subnet.domain_id, place.redirection_targets, at.deadline)
        addressing.check_against_subnet(addressing.wanted(at), subnet)
        self._subnet = subnet
        at.record.objects = Objects(parent=subnet.path)

    def do(self, at: Attaching) -> None:
        """Makes all of it or nothing; what it could not clean up itself is owed.

        A name that was looked up by an earlier call may belong to another object by now.
        """
        assert at.vsd is not None  # noqa: S101 - the plan has this step only in split activation
        try:
            self._register(at, at.vsd)
        except VsdRefused as refused:
            if not refused.not_found or at.record.owed or not at.vsd.known.forget():
                raise
            self.prepare(at)
            self._register(at, at.vsd)

    def undo(self, un: Undoing) -> None:
        """By the IDs, or by externalID where the answer that told them was lost, or the call that knew them."""
        objects, record = un.record.objects, un.record
        if objects is None:
            return
        budget = un.budget()
        if objects.container:
            last = objects.last
            if last is None:
                last = workload.is_last(un.vsd, objects.container, objects.interface, budget)
            found = workload.Found(objects.container, objects.interface, objects.vport, others=0 if last else 1)
        else:
            found = workload.find_by_external_id(
                un.vsd, record.external_id, record.vport_external_id, budget, parent=objects.parent or None
            )
        workload.deregister(
            un.vsd,
            container_id=found.container_id,
            interface_id=found.interface_id,
            vport_id=found.vport_id or objects.vport,
            last=found.others == 0,
            deadline=budget,
        )
        record.objects = None

    def _register(self, at: Attaching, vsd: Session) -> None:
        assert self._subnet is not None  # noqa: S101 - prepare was called
        made = Made(vsd)
        try:
            registered = workload.register(
                vsd,
                self._subnet,
                workload.Workload(at.identity.uuid, at.identity.name, at.identity.external_id),
                self._interface(at),
                at.deadline,
                made,
            )
        except BaseException:
            if made:
                at.record.owed.append(VSD)
            else:
                at.record.objects = None
            raise
        at.registration = registered
        at.record.addresses = [a for a in (registered.address, registered.address6) if a]
        at.record.objects = Objects(
            parent=self._subnet.path,
            container=registered.container_id,
            interface=registered.interface_id,
            vport=registered.vport_id,
            last=registered.container_created,
        )

    def _interface(self, at: Attaching) -> workload.InterfaceSpec:
        wanted = addressing.wanted(at)
        return workload.InterfaceSpec(
            name=at.identity.vport_name,
            mac=at.found.container.mac,
            external_id=at.identity.vport_external_id,
            address=wanted.text(4),
            address6=wanted.text(6),
            policy_group_ids=self._groups,
            redirection_target_ids=self._targets,
            description=at.identity.node,
        )
