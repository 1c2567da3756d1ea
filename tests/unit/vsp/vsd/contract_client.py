"""A second client, written from the contract alone: no SDK, no library of ours, nothing that the server's code says.

It speaks HTTP by http.client, so that every header and byte on the wire is its own.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Reply:
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int | None:
        """What section 1.6 says that clients compare."""
        found: int | None = self.json.get("internalErrorCode")
        return found

    @property
    def why(self) -> str:
        """The way to the description that all clients go."""
        return str(self.json["errors"][0]["descriptions"][0]["description"])


class ContractClient:
    """401 → GET /me → once more, pages until the count, 300 → responseChoice, 2039 is fine: section 1.3 to 1.6."""

    def __init__(
        self,
        url: str,
        ca: Path,
        version: str = "v6",
        login: tuple[str, str, str] | None = None,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        self._where = urlsplit(url)
        self._prefix = f"/nuage/api/{version}"
        self._context = ssl.create_default_context(cafile=str(ca))
        if certificate is not None:
            self._context.load_cert_chain(*certificate)
        self._login = login
        self._key: str | None = None
        self.proxy: str | None = None
        self.logins = 0

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """One request as it is; `Filter="…"` stands for X-Nuage-Filter."""
        connection = http.client.HTTPSConnection(
            self._where.hostname or "", self._where.port, context=self._context, timeout=20
        )
        named = {"Content-Type": "application/json", **self._identity()}
        named |= {f"X-Nuage-{name}": value for name, value in headers.items()}
        try:
            # A body even with GET, as bambou sends it.
            connection.request(method, f"{self._prefix}/{path}", json.dumps(body), named)
            answer = connection.getresponse()
            content = answer.read()
            return Reply(answer.status, answer.reason, {k.lower(): v for k, v in answer.getheaders()}, content)
        finally:
            connection.close()

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """The same, with a fresh key where the one at hand has expired."""
        if self._login is not None and self._key is None:
            self._renew()
        reply = self.send(method, path, body, **headers)
        if reply.status == 401 and self._login is not None:
            assert reply.reason == "Unauthorized"
            self._renew()
            reply = self.send(method, path, body, **headers)
        return reply

    def make(self, path: str, **body: Any) -> dict[str, Any]:
        reply = self.call("POST", path, body)
        assert reply.status == 201, reply.body
        (made,) = reply.json
        return dict(made)

    def one(self, path: str) -> dict[str, Any]:
        reply = self.call("GET", path)
        assert reply.status == 200, reply.body
        (found,) = reply.json
        return dict(found)

    def change(self, path: str, **body: Any) -> None:
        reply = self.call("PUT", path, body)
        assert reply.status == 204 or reply.code == 2039, reply.body

    def assign(self, path: str, ids: list[str], patch: str | None = None) -> None:
        more = {} if patch is None else {"PatchType": patch}
        reply = self.call("PUT" if patch is None else "PATCH", path, ids, **more)
        assert (reply.status, reply.body) == (204, b"")

    def all(self, path: str, size: int = 50, **headers: str) -> Iterator[dict[str, Any]]:
        """Every object of a collection, page after page until the count is 0."""
        page = 0
        while True:
            reply = self.call("GET", path, Page=str(page), PageSize=str(size), **headers)
            assert reply.status == 200
            if reply.headers["x-nuage-count"] == "0":
                assert reply.body == b""
                return
            yield from reply.json
            page += 1

    def find(self, path: str, name: str) -> dict[str, Any] | None:
        """By name: none or one; the filter alone is not trusted."""
        reply = self.call("GET", path, Filter=f'name == "{name}"')
        found = [row for row in reply.json if row["name"] == name] if reply.body else []
        assert len(found) < 2
        return found[0] if found else None

    def count(self, path: str, **headers: str) -> int:
        reply = self.call("HEAD", path, **headers)
        assert (reply.status, reply.body) == (200, b"")
        return int(reply.headers["x-nuage-count"])

    def remove(self, path: str) -> None:
        """DELETE, confirmed where that is asked for; what is gone already is fine."""
        reply = self.call("DELETE", path)
        if reply.status == 300:
            choice = next(row["id"] for row in reply.json["choices"] if row["label"] == "OK")
            reply = self.call("DELETE", f"{path}?responseChoice={choice}")
        assert reply.status in {204, 404}, reply.body

    def _identity(self) -> dict[str, str]:
        found = {} if self.proxy is None else {"X-Nuage-ProxyUser": self.proxy}
        if self._login is None:
            return found
        user, password, organization = self._login
        secret = base64.b64encode(f"{user}:{self._key or password}".encode()).decode()
        return {**found, "Authorization": f"Basic {secret}", "X-Nuage-Organization": organization}

    def _renew(self) -> None:
        self._key = None
        reply = self.send("GET", "me")
        assert reply.status == 200, reply.body
        (me,) = reply.json
        self._key = me["APIKey"]
        self.logins += 1
