"""The containers that a Mesos agent has, by its HTTP endpoint `/containers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.orchestrators.workloads import Listing

_AT_MOST = 10.0


class MesosAgent:
    """The agent at `url`, as in http://127.0.0.1:5051."""

    name = "Mesos"

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def listing(self, deadline: Deadline) -> Listing:
        """Every container that the agent has not destroyed; the network/cni isolator passes their IDs to CNI."""
        try:
            seconds = deadline.left("an answer of the Mesos agent", at_most=_AT_MOST)
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"{self.url}/containers", timeout=seconds, allow_redirects=False)
            answer.raise_for_status()
            return Listing(self.name, sandboxes=frozenset(_ids(answer.json())))
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)
        except requests.JSONDecodeError:
            return Listing(self.name, problem=f"what it answered at {self.url} is no JSON.")
        except requests.RequestException as e:
            return Listing(self.name, problem=f"it did not answer at {self.url}: {type(e).__name__}.")
        except (TypeError, KeyError, AttributeError):
            return Listing(
                self.name, problem=f"it answered at {self.url} with something that is no list of containers."
            )


def _ids(document: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON it answers
    if not isinstance(document, list):
        raise TypeError
    for one in document:
        yield str(one["container_id"])
