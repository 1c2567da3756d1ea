"""nuagekubemon, which gives pods their subnets and policy groups (shared/contracts/kubemon.md 4.1 to 4.3)."""

from __future__ import annotations

import http
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OrchestratorRefused, OrchestratorReplyLost
from nuage_chain.orchestrators import https, tls
from nuage_chain.orchestrators.pod import Pod

NAME = "nuagekubemon"


@dataclass(frozen=True)
class Access:
    """Where the monitor is. certificate, key: PEM files that it asks of every client; ca: the system's where None."""

    url: str
    certificate: Path
    key: Path
    ca: Path | None = None


@dataclass(frozen=True)
class Answer:
    """Where the monitor places a pod: names in VSD."""

    subnet: str
    policy_groups: tuple[str, ...] = ()


_UNKNOWN = "no pod found with given name"


class Monitor:
    """The REST API of one nuagekubemon. Raises BadConfig when made of what cannot be used."""

    def __init__(self, access: Access) -> None:
        context = tls.trusting(access.ca, "kubemon.ca")
        tls.show(context, access.certificate, access.key, "kubemon.certificate")
        self._peer = https.Peer(NAME, https.checked_url(access.url, "kubemon.url"), context)

    def place(self, pod: Pod, deadline: Deadline, zone: str = "", subnet: str = "") -> Answer:
        """Asks where the pod belongs; zone and subnet: those of its own that it names, both or neither.

        A pod that was placed before gets the same subnet again. Raises what `https.send` raises.
        """
        wish = {"podName": pod.name, "desiredZone": zone, "desiredSubnet": subnet}
        body = {k: v for k, v in wish.items() if v}
        answer = https.send(self._peer, "POST", _path(pod), deadline, body)
        return self._answer(answer, pod)

    def release(self, pod: Pod, deadline: Deadline, at_most: float) -> None:
        """Says that the pod is gone, a second time too. at_most: seconds. Raises what `https.send` raises."""
        try:
            https.send(self._peer, "POST", _path(pod), deadline, {"podName": pod.name, "action": "delete"}, at_most)
        except OrchestratorReplyLost as e:
            # It answers 500 about a pod that it does not know (any more): as when its first answer was lost.
            if _UNKNOWN not in e.message:
                raise

    def greet(self, deadline: Deadline) -> None:
        """Asks for what it never has, which shows that it is there and takes our certificate.

        Raises what `https.send` raises.
        """
        try:
            https.send(self._peer, "GET", "/namespaces/default/pods", deadline)
        except OrchestratorRefused as e:
            if e.status != http.HTTPStatus.NOT_FOUND:
                raise
        except OrchestratorReplyLost as e:
            # Its refusal of a certificate may be lost: with TLS 1.3 it comes after our request, and a reset before it.
            e.hint = (
                "See nuagekubemon's log; it hangs up on a certificate (kubemon.certificate) that its CA did not sign."
            )
            raise

    def _answer(self, answer: dict[str, Any], pod: Pod) -> Answer:
        subnet, groups = answer.get("subnetName"), answer.get("policyGroups") or []
        if not isinstance(subnet, str) or not subnet:
            raise OrchestratorReplyLost(
                f"{NAME} at {self._peer.url} named no subnet for pod {pod}.",
                hint="Check nuagekubemon's log: it may not have made the namespace's zone and subnet yet.",
            )
        if not isinstance(groups, list) or not all(isinstance(group, str) and group for group in groups):
            raise OrchestratorReplyLost(f"{NAME} at {self._peer.url} named policy groups for pod {pod} that are none.")
        return Answer(subnet, tuple(groups))


def _path(pod: Pod) -> str:
    return f"/namespaces/{pod.namespace}/pods"
