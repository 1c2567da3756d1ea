"""The containers that a Mesos agent has, by the call GET_CONTAINERS of its operator API (v1).

Not by the older endpoint `/containers`: that one answers while the agent still recovers, with less than there is, and
leaves out nested containers, which may have a network of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError, OrchestratorReplyLost
from nuage_chain.orchestrators import https, tls
from nuage_chain.orchestrators.workloads import Listing

_CALL = {"type": "GET_CONTAINERS", "get_containers": {"show_nested": True, "show_standalone": True}}
_AT_MOST = 10.0


class MesosAgent:
    """The agent at `url`, as in http://127.0.0.1:5051."""

    name = "Mesos"

    def __init__(self, url: str) -> None:
        self.url = url

    def listing(self, deadline: Deadline) -> Listing:
        """Every container that the agent has not destroyed, by the ID that its network/cni isolator passes to CNI."""
        try:
            url = https.checked_url(self.url, "mesosAgent", ("http", "https"))
            agent = https.Peer("The Mesos agent", url, tls.trusting(None, "the system's CAs"))
            answer = https.send(agent, "POST", "/api/v1", deadline, body=_CALL, at_most=_AT_MOST)
            return Listing(self.name, sandboxes=_ids(answer))
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)
        except (TypeError, KeyError, AttributeError):
            return Listing(
                self.name, problem=f"it answered at {self.url} with something that is no list of containers."
            )


def _ids(answer: Mapping[str, Any]) -> frozenset[str]:
    # An agent without containers leaves out all but the type (src/internal/evolve.cpp).
    found = answer.get("get_containers", {}).get("containers", [])
    if answer["type"] != "GET_CONTAINERS" or not isinstance(found, list):
        raise TypeError(found)
    return frozenset(_id(container) for container in found)


def _id(container: Mapping[str, Any]) -> str:
    """Outside of its status the agent names a nested container without its parent, and one may not be told apart."""
    of_status = (container.get("container_status") or {}).get("container_id")
    own = container["container_id"]
    if of_status is None and "executor_id" not in container:
        raise OrchestratorReplyLost(f"The Mesos agent does not say whose container {own['value']} is.")
    return _joined(of_status or own)


def _joined(container_id: Mapping[str, Any]) -> str:
    """`PARENT.CHILD`, as Mesos writes a nested container's ID (src/common/type_utils.cpp)."""
    parent, value = container_id.get("parent"), container_id["value"]
    if not isinstance(value, str):
        raise TypeError(value)
    return f"{_joined(parent)}.{value}" if parent else value
