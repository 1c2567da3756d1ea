"""What the orchestrator says about where a pod belongs: its labels in Kubernetes, and nuagekubemon.

Asked only where it is configured, and only about pods. The rules are nuage-cni's (shared/contracts/kubemon.md 4.2, 4.3)
without its faults (shared/contracts/predecessors.md 7.1).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.attachment import settings, sources
from nuage_chain.attachment.record import ADD, KUBEMON, Record
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.sources import Layer
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError, OrchestratorReplyLost
from nuage_chain.orchestrators import https, kubeconfig, kubemon, kubernetes, pod
from nuage_chain.orchestrators.pod import Pod
from nuage_chain.vrs import rows

# A monitor that is down holds a DEL, or an ADD's clean-up, for so many seconds and no longer.
RELEASE_SECONDS = 4.0


@dataclass(frozen=True)
class Placed:
    """The settings with all that the orchestrator said.

    monitored: namespace/name of the pod where nuagekubemon chose the subnet and has to hear of the end, else empty.
    """

    settings: Settings
    monitored: str = ""


@contextmanager
def placed(
    request: Request,
    found: Sequence[Layer],
    world: World,
    deadline: Deadline,
    record: Record,
    commit: Callable[[], None],
) -> Iterator[Placed]:
    """Asks, and gives back to nuagekubemon what it allocated when the body raises.

    found: the layers of `sources.layers`. record: is told the pod, and where giving back failed; commit: puts it on
    disk before nuagekubemon is asked. Raises BadConfig for wishes that contradict each other, and what the adapters
    raise.
    """
    node = settings.merge(found, world.hostname)
    who = pod.of_args(request.args) if _asks(node) else None
    if who is None:
        yield Placed(node)
        return
    if node.text("kubernetes.kubeconfig"):
        labels = kubernetes.labels(api_server(node), who, deadline)
        found = sources.below_workload(found, sources.of_labels(labels, f"labels of pod {who}"))
    zone, subnet = _wish(found, who)
    if not monitored(node):
        yield Placed(settings.merge(found, world.hostname))
        return
    asked, record.monitored = monitor(node), "" if zone else str(who)
    if record.monitored:
        commit()
    answered = False
    try:
        answer = asked.place(who, deadline, zone, subnet)
        answered = True
        yield Placed(_with(answer, found, who, world.hostname), record.monitored)
    except BaseException as e:
        # What was refused, or never sent, has allocated nothing; a signal may have come between request and answer.
        if answered or isinstance(e, OrchestratorReplyLost) or not isinstance(e, NuageChainError):
            problem = released(record, node, world, deadline.extended(RELEASE_SECONDS))
            if problem is not None:
                record.owed.append(KUBEMON)
                world.notice(f"nuagekubemon does not know that pod {who} is gone: {problem.message}")
        raise


def released(record: Record, node: Settings, world: World, deadline: Deadline) -> NuageChainError | None:
    """Tells nuagekubemon that the record's pod is gone; never raises, since a DEL must not fail for it.

    Not where another port of that pod is left: nuagekubemon counts pods by name, so the end of an old sandbox, or of
    one of two interfaces, would take the subnet from under the one that lives. Returns why it does not know now.
    """
    who = pod.of_text(record.monitored)
    if who is None or not monitored(node):
        return None
    try:
        if not _lives_on(record, node, world, deadline):
            monitor(node).release(who, deadline, RELEASE_SECONDS)
    except NuageChainError as e:
        return e
    return None


def _asks(node: Settings) -> bool:
    return monitored(node) or bool(node.text("kubernetes.kubeconfig"))


def monitored(node: Settings) -> bool:
    """Whether nuagekubemon places the pods of this network."""
    return bool(node.text("kubemon.url")) and bool(node.values["kubemon.ask"])


def _lives_on(record: Record, node: Settings, world: World, deadline: Deadline) -> bool:
    """Whether another attachment of that pod is there, or is on its way: the ADD of its next sandbox has asked."""
    others = [r for r in world.journal(node).records() if r.monitored == record.monitored and r.verb == ADD]
    if any((r.container_id, r.ifname) != (record.container_id, record.ifname) for r in others):
        return True
    switch = world.switch(node)
    try:
        return bool(switch.with_mark(rows.MONITORED, record.monitored, deadline))
    finally:
        switch.close()


def _wish(found: Sequence[Layer], who: Pod) -> tuple[str, str]:
    """A zone of the pod's own with its subnet, or two empty texts where the zone is the namespace's.

    A subnet alone is one of the namespace's zone: nuagekubemon has no word in which to be asked for it.
    """
    own = {k: str(v) for layer in found if layer.workload for k, v in layer.values.items() if k in ("zone", "subnet")}
    zone = own.get("zone", "")
    if not zone or zone == who.namespace:
        return "", ""
    if "subnet" not in own:
        raise BadConfig(
            f"Pod {who} asks for the zone {zone!r} and for no subnet of it.",
            hint="Give it the label nuage.io/subnet too, or none of the two.",
        )
    return zone, own["subnet"]


def _with(answer: kubemon.Answer, found: Sequence[Layer], who: Pod, hostname: str) -> Settings:
    # A zone of the pod's own is in its layers, which are above this one, and its subnet with it.
    layer = Layer(kubemon.NAME, {"zone": who.namespace, "subnet": answer.subnet})
    merged = settings.merge(sources.below_workload(found, layer), hostname)
    groups = tuple(dict.fromkeys([*answer.policy_groups, *merged.values["policyGroups"]]))
    return dataclasses.replace(merged, values={**merged.values, "policyGroups": groups})


def monitor(node: Settings) -> kubemon.Monitor:
    """The nuagekubemon that is configured. Raises BadConfig."""
    why = "nuagekubemon asks every client for a certificate"
    ca = node.text("kubemon.ca")
    return kubemon.Monitor(
        kubemon.Access(
            url=node.text("kubemon.url"),
            certificate=Path(node.required("kubemon.certificate", why)),
            key=Path(node.required("kubemon.key", why)),
            ca=Path(ca) if ca else None,
        )
    )


def api_server(node: Settings) -> https.Peer:
    """The Kubernetes API server that is configured. Raises BadConfig."""
    files = {k: Path(v) if (v := node.text(f"kubernetes.{k}")) else None for k in ("ca", "certificate", "key")}
    instead = kubeconfig.Fallback(server=node.text("kubernetes.server"), **files)
    return kubeconfig.read(Path(node.text("kubernetes.kubeconfig")), instead)
