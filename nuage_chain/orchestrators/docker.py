"""The containers that dockerd has, by its HTTP API on a Unix socket (Docker Engine API, `GET /containers/json`)."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.orchestrators.workloads import Listing

USUAL = Path("/run/docker.sock")
_AT_MOST = 10.0
_LARGEST = 32 << 20
# Without `all` Docker leaves out those that are created or restarting, which a predecessor took for dead.
_PATH = "/containers/json?all=1"
_ENDED = ("exited", "dead")


class Docker:
    """The daemon behind a Unix socket."""

    name = "Docker"

    def __init__(self, path: Path) -> None:
        self.path = path

    def listing(self, deadline: Deadline) -> Listing:
        """Every container that runs, is paused, or is about to run."""
        try:
            found = self._containers(deadline.left("an answer of Docker", at_most=_AT_MOST))
            ids = frozenset(str(c["Id"]) for c in found if c.get("State") not in _ENDED)
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)
        except (OSError, http.client.HTTPException) as e:
            return Listing(self.name, problem=f"it did not answer at {self.path}: {e}.")
        except (ValueError, TypeError, KeyError, AttributeError):
            return Listing(
                self.name, problem=f"it answered at {self.path} with something that is no list of containers."
            )
        return Listing(self.name, sandboxes=ids)

    def _containers(self, seconds: float) -> list[dict[str, object]]:
        connection = _UnixConnection(self.path, seconds)
        try:
            connection.request("GET", _PATH, headers={"Host": "docker"})
            response = connection.getresponse()
            body = response.read(_LARGEST + 1)
        finally:
            connection.close()
        if response.status != http.client.OK or len(body) > _LARGEST:
            raise http.client.HTTPException(f"it said {response.status}, {len(body)} bytes")
        found = json.loads(body)
        if not isinstance(found, list):
            raise TypeError(found)
        return found


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("docker", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
