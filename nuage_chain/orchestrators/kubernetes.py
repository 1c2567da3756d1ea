"""The labels of a pod, from the Kubernetes API server."""

from __future__ import annotations

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OrchestratorReplyLost, TryAgainLater
from nuage_chain.orchestrators import https
from nuage_chain.orchestrators.pod import Pod

NAME = "The Kubernetes API server"
# Metadata alone where the server can do that (1.15): no environment variables of the pod travel along.
ACCEPT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
_MIRROR = "kubernetes.io/config.mirror"


def version(server: https.Peer, deadline: Deadline) -> str:
    """Its version, as `v1.30.2`, which it tells everybody whom it knows. Raises what `https.send` raises."""
    return str(https.send(server, "GET", "/version", deadline).get("gitVersion") or "of no version")


def labels(server: https.Peer, pod: Pod, deadline: Deadline) -> dict[str, str]:
    """The pod's labels. server: as `kubeconfig.read` gives it.

    Raises TryAgainLater when the pod of that name is another one by now, and what `https.send` raises.
    """
    answer = https.send(server, "GET", f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}", deadline)
    metadata = answer.get("metadata")
    if not isinstance(metadata, dict):
        raise OrchestratorReplyLost(f"{NAME} at {server.url} answered for pod {pod} with something that is no pod.")
    # The mirror of a static pod has another UID than the runtime was given.
    if pod.uid and metadata.get("uid") not in (None, pod.uid) and _MIRROR not in (metadata.get("annotations") or {}):
        raise TryAgainLater(
            f"Pod {pod} with UID {pod.uid} is not there any more: {metadata['uid']} has its name.",
            hint="Nothing: the runtime ends the old pod's sandbox.",
        )
    found = metadata.get("labels") or {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
