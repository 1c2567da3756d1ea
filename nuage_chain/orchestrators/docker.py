"""The containers that dockerd has, by its HTTP API on a Unix socket (Docker Engine API, `GET /containers/json`)."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path

from nuage_chain.bounded import TookTooLong, within
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.orchestrators.workloads import Listing

USUAL = Path("/run/docker.sock")
PIDFILE = Path("/run/docker.pid")
_AT_MOST = 10.0
_LARGEST = 32 << 20
# Without `all` Docker leaves out those that are created or restarting, which a predecessor took for dead.
_PATH = "/containers/json?all=1"
_ENDED = ("exited", "dead")


class Docker:
    """The daemon behind a Unix socket.

    pidfile: where it has one as long as it runs, None where that is not known. systemd may listen in its place, and
    would start it only after whoever asks here at boot, which must not wait for an answer then.
    """

    name = "Docker"

    def __init__(self, path: Path, pidfile: Path | None = None) -> None:
        self.path, self._pidfile = path, pidfile

    def listing(self, deadline: Deadline) -> Listing:
        """Every container that runs, is paused, or is about to run."""
        if self._pidfile is not None and not self._pidfile.exists():
            return Listing(self.name, problem=f"it does not run: there is no {self._pidfile}.")
        try:
            seconds = deadline.left("an answer of Docker", at_most=_AT_MOST)
            return Listing(self.name, sandboxes=_alive(within(seconds, lambda: self._ask(seconds))))
        except NuageChainError as e:
            return Listing(self.name, problem=e.message)
        except (TookTooLong, TimeoutError):
            return Listing(self.name, problem=f"it did not answer at {self.path} within {seconds:.1f} s.")
        except OSError as e:
            return Listing(self.name, problem=f"it did not answer at {self.path}: {e.strerror or e}.")
        except http.client.HTTPException as e:
            return Listing(self.name, problem=f"what is at {self.path} does not speak HTTP: {type(e).__name__}.")
        except _Strange as e:
            return Listing(self.name, problem=f"it answered at {self.path} with {e}.")

    def _ask(self, seconds: float) -> tuple[int, bytes]:
        connection = _UnixConnection(self.path, seconds)
        try:
            connection.request("GET", _PATH, headers={"Host": "docker"})
            response = connection.getresponse()
            return response.status, response.read(_LARGEST + 1)
        finally:
            connection.close()


class _Strange(Exception):
    """Not a list of containers, but what the text says."""


def _alive(answer: tuple[int, bytes]) -> frozenset[str]:
    status, body = answer
    if status != http.client.OK:
        raise _Strange(f"{status}: {' '.join(body[:200].decode(errors='replace').split())}")
    try:
        # A body that is too long is cut off, which makes it no JSON.
        return frozenset(_id(c) for c in json.loads(body) if c.get("State") not in _ENDED)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _Strange("something that is no list of containers") from None


def _id(container: dict[str, object]) -> str:
    found = container["Id"]
    if not isinstance(found, str) or not found:
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
