"""The pods that the Kubernetes API server has for one node."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError, OrchestratorReplyLost
from nuage_chain.orchestrators import https
from nuage_chain.orchestrators.kubernetes import NAME
from nuage_chain.orchestrators.workloads import Listing

# Metadata alone where the server can do that: no environment variables of the pods travel along.
_ACCEPT = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_KINDS = ("PartialObjectMetadataList", "PodList")
_MIRROR = "kubernetes.io/config.hash"
# A page of whole pods, as a server gives that cannot leave out all but the metadata, has to fit into one answer.
_PAGE = 100
_MOST_PAGES = 20
_AT_MOST = 10.0


class NodePods:
    """The pods of `node`. server: makes the peer, and raises a NuageChainError where it is not configured rightly."""

    name = "Kubernetes"

    def __init__(self, server: Callable[[], https.Peer], node: str) -> None:
        self._server = server
        self.node = node

    def listing(self, deadline: Deadline) -> Listing:
        """Every pod that has not been deleted, whatever its phase is, by UID; all pages, or a problem."""
        try:
            return Listing(self.name, pods=frozenset(self._uids(deadline)))
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)

    def _uids(self, deadline: Deadline) -> set[str]:
        server = self._server()
        server = dataclasses.replace(server, headers={**server.headers, "Accept": _ACCEPT})
        found: set[str] = set()
        more = ""
        for _ in range(_MOST_PAGES):
            answer = https.send(server, "GET", self._page(more), deadline, at_most=_AT_MOST)
            try:
                found |= _pods_of(answer)
                more = str((answer.get("metadata") or {}).get("continue") or "")
            except (TypeError, KeyError, AttributeError):
                raise OrchestratorReplyLost(
                    f"{NAME} at {server.url} answered with something that is no list of pods."
                ) from None
            if not more:
                return found
        raise OrchestratorReplyLost(f"{NAME} at {server.url} has more pods for {self.node} than can be true.")

    def _page(self, more: str) -> str:
        asked = {"fieldSelector": f"spec.nodeName={self.node}", "limit": str(_PAGE)}
        return f"/api/v1/pods?{urlencode(asked | ({'continue': more} if more else {}), quote_via=quote)}"


def _pods_of(answer: Mapping[str, Any]) -> set[str]:
    """A pod that has no UID would be one that is not told of. Raises TypeError, KeyError, AttributeError."""
    items = answer["items"]
    if answer["kind"] not in _KINDS or not isinstance(items, (list, type(None))):
        raise TypeError(answer["kind"])
    return {uid for item in items or () for uid in _uids_of(item["metadata"])}


def _uids_of(metadata: Mapping[str, Any]) -> set[str]:
    """A static pod is known to its runtime by another UID than that of its mirror."""
    mirrored = (metadata.get("annotations") or {}).get(_MIRROR)
    return {str(metadata["uid"]), *((str(mirrored),) if mirrored else ())}
