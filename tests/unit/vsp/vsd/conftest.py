from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from nuage_chain.vsp.vsd.server import VsdServer

PASSWORD = "first-password"
START = 1_700_000_000.0


class Clock:
    """Seconds that only move when a test moves them."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Rest:
    """Raw HTTP to one server as one user."""

    def __init__(
        self, url: str, ca: Path, user: str = "csproot", secret: str = PASSWORD, organization: str = "csp"
    ) -> None:
        self.url = f"{url}/nuage/api/v6"
        self.session = requests.Session()
        self.session.verify = str(ca)
        self.session.trust_env = False
        token = base64.b64encode(f"{user}:{secret}".encode()).decode()
        self.session.headers.update({"Authorization": f"XREST {token}", "X-Nuage-Organization": organization})

    def call(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        named = {f"X-Nuage-{name.replace('_', '-')}": value for name, value in headers.items()}
        data = None if body is None else json.dumps(body)
        return self.session.request(
            method, f"{self.url}/{path}", data=data, headers=named, timeout=10, allow_redirects=False
        )

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.call("GET", path, **headers)

    def names(self, path: str, **headers: str) -> list[str]:
        reply = self.get(path, **headers)
        assert reply.status_code == 200, reply.text
        return [row["name"] for row in reply.json()] if reply.content else []

    def make(self, path: str, **body: Any) -> dict[str, Any]:
        reply = self.call("POST", path, body)
        assert reply.status_code == 201, reply.text
        (created,) = reply.json()
        assert isinstance(created, dict)
        return created

    def one(self, path: str) -> dict[str, Any]:
        reply = self.get(path)
        assert reply.status_code == 200, reply.text
        (found,) = reply.json()
        assert isinstance(found, dict)
        return found

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, int | None, str]:
        """Status, internal code and description of an answer that is not a success."""
        reply = self.call(method, path, body)
        parsed = reply.json()
        return reply.status_code, parsed.get("internalErrorCode"), parsed["errors"][0]["descriptions"][0]["description"]


class Topology:
    """Acme > Shop > front > web 10.10.1.0/24 and api, and a second domain Lab, made over REST."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.enterprise = rest.make("enterprises", name="Acme")["ID"]
        self.template = rest.make(f"enterprises/{self.enterprise}/domaintemplates", name="T")["ID"]
        self.domain = self.make_domain("Shop")
        self.lab = self.make_domain("Lab")
        self.zone = rest.make(f"domains/{self.domain}/zones", name="front")["ID"]
        self.subnet = self.make_subnet("web", "10.10.1.0")

    def make_domain(self, name: str) -> str:
        domain = self.rest.make(f"enterprises/{self.enterprise}/domains", name=name, templateID=self.template)
        return str(domain["ID"])

    def make_subnet(self, name: str, address: str, netmask: str = "255.255.255.0", **more: Any) -> str:
        subnet = self.rest.make(f"zones/{self.zone}/subnets", name=name, address=address, netmask=netmask, **more)
        return str(subnet["ID"])

    def make_vport(self, name: str, **more: Any) -> str:
        body = {"name": name, "type": "CONTAINER", "addressSpoofing": "INHERITED", **more}
        return str(self.rest.make(f"subnets/{self.subnet}/vports", **body)["ID"])

    def group(self, name: str) -> str:
        """The ID of a group that Acme started with."""
        reply = self.rest.get(f"enterprises/{self.enterprise}/groups", Filter=f'name == "{name}"')
        return str(reply.json()[0]["ID"])

    def permit(self, group: str, place: str, action: str) -> str:
        body = {"associatedGroupID": self.group(group), "permittedAction": action}
        return str(self.rest.make(f"{place}/permissions", **body)["ID"])

    def make_user(self, name: str, *groups: str, **more: object) -> str:
        """A user of Acme, password NAME-pw, in these groups."""
        body = {"userName": name, "password": f"{name}-pw", "firstName": "f", "lastName": "l", "email": "e@x", **more}
        user = self.rest.make(f"enterprises/{self.enterprise}/users", **body)
        for group in groups:
            self.rest.call("PATCH", f"groups/{self.group(group)}/users", [user["ID"]], PatchType="add")
        return str(user["ID"])

    def make_container(self, uuid: str, mac: str = "7a:42:11:22:33:44", **interface: Any) -> dict[str, Any]:
        if "VPortID" not in interface:
            interface.setdefault("attachedNetworkID", self.subnet)
        return self.rest.make("containers", name=f"c-{uuid}", UUID=uuid, interfaces=[{"MAC": mac, **interface}])


@pytest.fixture(scope="session")
def tls_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, tls_dir: Path) -> tuple[Path, str]:
    """A store with nothing but csproot in it, and a key of csproot's: hashing a password outlasts most tests."""
    path = tmp_path_factory.mktemp("seeded") / "vsd.db"
    with VsdServer(path, tls_dir, port=0, cert_port=0, password=PASSWORD, clock=Clock()) as server:
        key = Rest(server.url, server.ca).one("me")["APIKey"]
    return path, key


@pytest.fixture
def make_server(
    tmp_path: Path, tls_dir: Path, clock: Clock, seeded: tuple[Path, str]
) -> Iterator[Callable[..., VsdServer]]:
    started: list[VsdServer] = []
    shutil.copy(seeded[0], tmp_path / "vsd.db")

    def make(**options: Any) -> VsdServer:
        settings = {"port": 0, "cert_port": 0, "password": PASSWORD, "clock": clock, "poll_time": 0.3, **options}
        server = VsdServer(tmp_path / "vsd.db", tls_dir, **settings)
        server.start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def server(make_server: Callable[..., VsdServer]) -> VsdServer:
    return make_server()


@pytest.fixture
def rest(server: VsdServer, seeded: tuple[Path, str]) -> Rest:
    return Rest(server.url, server.ca, secret=seeded[1])


@pytest.fixture
def topology(rest: Rest) -> Topology:
    return Topology(rest)
