"""Fill an embedded VSD step by step and measure, at each step, what clients do most: look up, create, list.

Everything goes over HTTPS on one kept connection, as our own client does it.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

from nuage_chain.vsp.vsd.server import VsdServer

PASSWORD = "benchmark"  # noqa: S105 - of a server that lives for one run
ROUNDS = 30
BULK = 200


class Client:
    """One user's requests to one server."""

    def __init__(self, server: VsdServer) -> None:
        self._url = f"{server.url}/nuage/api/v6"
        self._session = requests.Session()
        self._session.verify = str(server.ca)
        self._session.trust_env = False
        self._login(PASSWORD)
        self._login(self.call("GET", "me")[0]["APIKey"])

    def _login(self, secret: str) -> None:
        token = base64.b64encode(f"csproot:{secret}".encode()).decode()
        self._session.headers.update({"Authorization": f"XREST {token}", "X-Nuage-Organization": "csp"})

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:  # noqa: ANN401 - JSON
        named = {f"X-Nuage-{name}": value for name, value in headers.items()}
        reply = self._session.request(method, f"{self._url}/{path}", json=body, headers=named, timeout=120)
        reply.raise_for_status()
        return reply.json() if reply.content else []

    def make(self, path: str, **body: object) -> str:
        """The ID of what is made of the body."""
        return str(self.call("POST", path, body)[0]["ID"])


class Filling:
    """A domain that grows: so many vPorts in each subnet, each with a container."""

    def __init__(self, client: Client) -> None:
        self.client = client
        enterprise = client.make("enterprises", name="Acme")
        template = client.make(f"enterprises/{enterprise}/domaintemplates", name="T")
        self.domain = client.make(f"enterprises/{enterprise}/domains", name="Shop", templateID=template)
        self.zone = client.make(f"domains/{self.domain}/zones", name="front")
        self.subnets: list[str] = []
        self.vports = 0
        self._numbers = itertools.count(1)

    def grow(self, subnets: int, vports: int) -> None:
        """Up to so many of each, the containers included."""
        for batch in _batches(range(len(self.subnets), subnets)):
            made = self._bulk(f"zones/{self.zone}/subnets", [self.subnet_body(number) for number in batch])
            self.subnets += [row["ID"] for row in made]
        share = -(-(vports - self.vports) // len(self.subnets))
        for subnet in self.subnets:
            count = min(share, vports - self.vports)
            bodies = [self.vport_body(f"v{self.vports + number}") for number in range(count)]
            made = self._bulk(f"subnets/{subnet}/vports", bodies) if bodies else []
            self._bulk("containers", [self.container_body(row["ID"], VPortID=row["ID"]) for row in made])
            self.vports += len(made)

    def subnet_body(self, number: int) -> dict[str, object]:
        address = f"10.{number // 256}.{number % 256}.0"
        return {"name": f"s{number}", "address": address, "netmask": "255.255.255.0"}

    def vport_body(self, name: str) -> dict[str, object]:
        return {"name": name, "type": "CONTAINER", "addressSpoofing": "INHERITED"}

    def container_body(self, uuid: str, **interface: object) -> dict[str, object]:
        number = next(self._numbers)
        mac = ":".join(f"{octet:02x}" for octet in (0x02, 0, *number.to_bytes(4, "big")))
        return {"name": f"c-{uuid}", "UUID": uuid, "interfaces": [{"MAC": mac, **interface}]}

    def _bulk(self, path: str, bodies: list[dict[str, object]]) -> list[dict[str, Any]]:
        if not bodies:
            return []
        answers = self.client.call("POST", path, bodies)["response"]
        failed = [answer for answer in answers if answer["status"] != 201]
        if failed:
            raise RuntimeError(f"POST {path}: {failed[0]}")
        return [answer["data"][0] if isinstance(answer["data"], list) else answer["data"] for answer in answers]


def measure(filling: Filling) -> dict[str, float]:
    """Milliseconds (median) of each thing, on a VSD that is as full as it is now; leaves it as it was."""
    client, subnet, domain = filling.client, filling.subnets[len(filling.subnets) // 2], filling.domain
    name = f"s{len(filling.subnets) // 2}"
    names = (f"bench-{number}" for number in itertools.count())
    made: list[str] = []

    def attach() -> None:
        made.append(client.make("containers", **filling.container_body(next(names), attachedNetworkID=subnet)))

    def make_vport() -> None:
        made_vports.append(client.make(f"subnets/{subnet}/vports", **filling.vport_body(next(names))))

    def make_subnet() -> None:
        body = filling.subnet_body(60000 + len(made_subnets))
        made_subnets.append(client.make(f"zones/{filling.zone}/subnets", **body))

    made_vports: list[str] = []
    made_subnets: list[str] = []
    times = {
        "look up a subnet by name": _time(
            lambda: client.call("GET", f"zones/{filling.zone}/subnets", Filter=f'name == "{name}"')
        ),
        "look up a vPort by name": _time(lambda: client.call("GET", f"domains/{domain}/vports", Filter='name == "v0"')),
        "get one object": _time(lambda: client.call("GET", f"subnets/{subnet}")),
        "make a vPort": _time(make_vport),
        "make a subnet": _time(make_subnet),
        "attach a container": _time(attach),
        "list a subnet's vPorts": _time(lambda: client.call("GET", f"subnets/{subnet}/vports")),
        "list the domain's vPorts, first 50": _time(lambda: client.call("GET", f"domains/{domain}/vports")),
        "list all containers, first 50": _time(lambda: client.call("GET", "containers")),
        "count the domain's vPorts": _time(lambda: client.call("HEAD", f"domains/{domain}/vports")),
        "detach a container": _time(lambda: client.call("DELETE", f"containers/{made.pop()}")),
    }
    for path in (*(f"vports/{one}" for one in made_vports), *(f"subnets/{one}" for one in made_subnets)):
        client.call("DELETE", f"{path}?responseChoice=1")
    return times


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        with VsdServer(state / "vsd.db", state / "tls", port=0, cert_port=0, password=PASSWORD) as server:
            filling = Filling(Client(server))
            columns = []
            for part in (100, 10, 1):
                begun = time.monotonic()
                filling.grow(max(options.subnets // part, 1), max(options.vports // part, 1))
                print(f"filled in {time.monotonic() - begun:.1f} s", flush=True)
                columns.append((f"{filling.vports} vPorts, {len(filling.subnets)} subnets", measure(filling)))
        _show(columns)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Times of the embedded VSD at 1, 10 and 100 percent of a size.")
    parser.add_argument("--vports", type=int, default=10_000)
    parser.add_argument("--subnets", type=int, default=1_000)
    return parser.parse_args()


def _show(columns: list[tuple[str, dict[str, float]]]) -> None:
    print(f"| median of {ROUNDS}, ms | " + " | ".join(title for title, _ in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for what in columns[0][1]:
        print(f"| {what} | " + " | ".join(f"{times[what]:.1f}" for _, times in columns) + " |")


def _time(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(ROUNDS):
        begun = time.monotonic()
        work()
        spent.append((time.monotonic() - begun) * 1000)
    return statistics.median(spent)


def _batches(numbers: range) -> Iterator[range]:
    for at in range(0, len(numbers), BULK):
        yield numbers[at : at + BULK]


if __name__ == "__main__":
    main()
