"""What the stand-in's VSD answers: the objects of one enterprise, fixed, and whatever is made below its subnet."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from nuage_chain.vsp.vsd.messages import Answer, Call, json_answer

Object = dict[str, Any]
_ROOT = "/nuage/api/v6/"
_DAY = 24 * 3600


class Objects:
    """Answers requests as shared/contracts/vsd-rest.md has them. clock: seconds since the epoch."""

    NAMES: ClassVar[dict[str, str]] = {
        "enterprises": "Acme",
        "domains": "Shop",
        "zones": "front",
        "subnets": "web",
    }
    NETWORK, NETMASK, GATEWAY = "10.96.0.0", "255.240.0.0", "10.96.0.1"

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made: dict[str, Object] = {}
        self._addresses: dict[str, str] = {}
        # Above those that host-local gives out.
        self._free = (f"10.111.{n >> 8 & 0xFF}.{n & 0xFF}" for n in itertools.count(256))

    def answer(self, call: Call) -> Answer:
        """The answer to one request; 401 to one without credentials, 404 to what is not there."""
        if not call.headers.get("authorization", "").startswith("XREST "):
            return json_answer(401, {"errors": []})
        path = call.path.removeprefix(_ROOT).split("/")
        if call.method == "POST":
            return json_answer(201, [self._make(path, call.object())])
        if call.method == "DELETE":
            self._remove(path[-1])
            return Answer(204)
        if call.method == "GET":
            return self._look(path)
        return json_answer(405, {"errors": []})

    def address_of(self, mac: str) -> str:
        """The address of the interface with that MAC; one of its own for a port that VSD was never told of."""
        return self._addresses.get(mac.lower()) or next(self._free)

    def _look(self, path: list[str]) -> Answer:
        if path == ["me"]:
            expiry = int((self._clock() + _DAY) * 1000)
            return _listed([{"ID": "csproot", "userName": "csproot", "APIKey": "benchmark", "APIKeyExpiry": expiry}])
        if path[-1] in self.NAMES:
            return _listed([self._fixed(path[-1])])
        if len(path) == 2:
            found = self._made.get(path[1])
            return _listed([found]) if found else json_answer(404, {"errors": []})
        return _listed([])

    def _fixed(self, kind: str) -> Object:
        values = {"ID": f"the-{kind}", "name": self.NAMES[kind]}
        subnet = {"address": self.NETWORK, "netmask": self.NETMASK, "gateway": self.GATEWAY, "IPType": "IPV4"}
        return values | subnet if kind == "subnets" else values

    def _make(self, path: list[str], body: Object) -> Object:
        made = {**body, "ID": str(uuid.uuid4()), "parentID": path[-2] if len(path) > 1 else None}
        if "MAC" in made:
            made["IPAddress"] = made.get("IPAddress") or next(self._free)
            made |= {"netmask": self.NETMASK, "gateway": self.GATEWAY}
            self._addresses[made["MAC"].lower()] = made["IPAddress"]
        if "interfaces" in made:
            below = ["containers", made["ID"], "containerinterfaces"]
            made["interfaces"] = [self._make(below, interface) for interface in made["interfaces"]]
        self._made[made["ID"]] = made
        return made

    def _remove(self, identity: str) -> None:
        gone = self._made.pop(identity, {})
        self._addresses.pop(str(gone.get("MAC")).lower(), None)
        for interface in gone.get("interfaces", ()):
            self._remove(interface["ID"])


def _listed(objects: list[Object]) -> Answer:
    return json_answer(200, objects, {"X-Nuage-Count": str(len(objects)), "X-Nuage-Page": "0"})
