"""A nuagekubemon and a Kubernetes API server that speak their contract over HTTPS, on loopback, in a thread.

Fakes, since neither can be had here: no etcd and no cluster is behind them.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from nuage_chain.vsp.vsd import tls


@dataclass
class Heard:
    """One request as it came: what it was, its headers, its body, the CN of the client's certificate."""

    what: str
    headers: dict[str, str]
    body: dict[str, Any]
    client: str


@dataclass
class Service:
    """What both have in common. delay: seconds before the next answer; forced: status and body, whatever is asked."""

    authority: Path
    host: str = "127.0.0.1"
    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    delay: float = 0
    forced: tuple[int, bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def ca(self) -> Path:
        return tls.create_ca(self.authority).certificate

    def client(self, user: str = "node") -> tls.KeyPair:
        return tls.issue_client(self.authority, user, "kubemon")

    def said(self, **part: Any) -> list[dict[str, Any]]:
        """The bodies that hold that part."""
        return [h.body for h in self.heard if part.items() <= h.body.items()]

    def answer(self, heard: Heard) -> tuple[int, Any]:
        raise NotImplementedError


@dataclass
class Kubemon(Service):
    """shared/contracts/kubemon.md 4.2; allocations: the pods that were given a subnet, as its etcd has them."""

    groups: dict[str, list[str] | None] = field(default_factory=dict)
    zones: set[str] = field(default_factory=lambda: {"front", "shop"})
    allocations: dict[str, str] = field(default_factory=dict)
    subnets: dict[str, str] = field(default_factory=dict)
    mutual = True

    @property
    def settings(self) -> dict[str, str]:
        pair = self.client()
        return {"url": self.url, "certificate": str(pair.certificate), "key": str(pair.key), "ca": str(self.ca)}

    def answer(self, heard: Heard) -> tuple[int, Any]:
        match = re.fullmatch(r"POST /namespaces/([^/]+)/pods", heard.what)
        if match is None:
            return 404, None
        namespace, body = match[1], heard.body
        refusal = self._refusal(body)
        if refusal:
            return 400, {"error": refusal}
        pod, gone = f"{namespace}/{body['podName']}", body.get("action") == "delete"
        if gone and "desiredZone" not in body and self.allocations.pop(pod, None) is None:
            return 500, {"error": f"no pod found with given name({body['podName']}) inside etcd"}
        if gone:
            return 200, {"subnetName": "", "policyGroups": None}
        if "desiredZone" not in body:
            self.allocations.setdefault(pod, self.subnets.get(namespace, f"{namespace}-0"))
        subnet = body.get("desiredSubnet") if "desiredZone" in body else self.allocations[pod]
        return 200, {"subnetName": subnet, "policyGroups": self.groups.get(pod)}

    def _refusal(self, body: dict[str, Any]) -> str:
        """The conditions in the contract's order."""
        if "podName" not in body:
            return "Podname missing from the JSON data"
        if not isinstance(body["podName"], str) or not body["podName"]:
            return "Invalid pod name"
        if "desiredZone" not in body or body.get("action") == "delete":
            return ""
        if "desiredSubnet" not in body:
            return "Invalid request: Subnet absent"
        if body["desiredZone"] in self.zones:
            return "Invalid zone parameter: Zone controlled by Nuage Monitor"
        return ""


@dataclass
class ApiServer(Service):
    """GET of a pod, of a node's pods, and of its version, for who shows the token, or a certificate of the authority.

    expired: a list may not be continued any more, as after a compaction of etcd.
    """

    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    token: str = "t0ken-of-the-node"
    expired: bool = False
    mutual = False

    def pod(self, name: str, uid: str = "uid-1", annotations: dict[str, str] | None = None, /, **labels: str) -> None:
        """Makes the pod namespace/name; `nuage.io/` is put before each label."""
        metadata = {
            "name": name,
            "uid": uid,
            "labels": {f"nuage.io/{k.replace('_', '-')}": v for k, v in labels.items()},
        }
        self.pods[name] = {"kind": "Pod", "metadata": metadata | ({"annotations": annotations} if annotations else {})}

    def kubeconfig(self, path: Path, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> Path:
        """Writes one as JSON, which is YAML."""
        whole = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [
                {
                    "name": "k",
                    "cluster": {"server": self.url, "certificate-authority": str(self.ca)}
                    if cluster is None
                    else cluster,
                }
            ],
            "users": [{"name": "u", "user": {"token": self.token} if user is None else user}],
        }
        path.write_text(json.dumps(whole))
        return path

    def answer(self, heard: Heard) -> tuple[int, Any]:
        if heard.headers.get("authorization") != f"Bearer {self.token}" and not heard.client:
            return 401, {"kind": "Status", "message": "Unauthorized"}
        if heard.what == "GET /version":
            return 200, {"major": "1", "minor": "30", "gitVersion": "v1.30.2"}
        if heard.what.startswith("GET /api/v1/pods?"):
            return self._page(heard)
        match = re.fullmatch(r"GET /api/v1/namespaces/([^/]+)/pods/([^/]+)", heard.what)
        name = f"{match[1]}/{match[2]}" if match else ""
        if name not in self.pods:
            return 404, {"kind": "Status", "message": f'pods "{name}" not found'}
        return 200, self.pods[name]

    def _page(self, heard: Heard) -> tuple[int, Any]:
        """As the API server's paging: `continue` is a token that only it can read, and empty on the last page."""
        asked = dict(parse_qsl(urlsplit(heard.what).query))
        node = asked["fieldSelector"].removeprefix("spec.nodeName=")
        if self.expired and "continue" in asked:
            return 410, {"kind": "Status", "message": "The provided continue parameter is too old"}
        found = [pod for pod in self.pods.values() if pod.get("spec", {}).get("nodeName") == node]
        begin, size = int(asked.get("continue", "t0").removeprefix("t")), int(asked["limit"])
        end = begin + size
        partial = "PartialObjectMetadataList" in heard.headers["accept"]
        items = [{"metadata": pod["metadata"]} if partial else pod for pod in found[begin:end]]
        metadata = {"resourceVersion": "7", **({"continue": f"t{end}"} if end < len(found) else {})}
        return 200, {
            "kind": "PartialObjectMetadataList" if partial else "PodList", "metadata": metadata, "items": items,
        }  # fmt: skip


@contextmanager
def serving(service: Kubemon | ApiServer) -> Iterator[None]:
    pair = tls.issue_server(service.authority)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(service.ca))
    context.load_cert_chain(pair.certificate, pair.key)
    context.verify_mode = ssl.CERT_REQUIRED if service.mutual else ssl.CERT_OPTIONAL
    server = _Server((service.host, service.port), _handler(service))
    server.context = context
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def silence() -> Iterator[str]:
    """The URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def trickling(authority: Path) -> Iterator[str]:
    """The URL of a server that takes any request and begins an answer that goes on for ever, a byte at a time."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pair = tls.issue_server(authority)
    context.load_cert_chain(pair.certificate, pair.key)
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        with suppress(OSError), listening.accept()[0] as taken:
            taken.settimeout(20)
            with context.wrap_socket(taken, server_side=True) as secured:
                secured.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
                while not ended.wait(0.1):
                    secured.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        ended.set()
        thread.join(25)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        # Here and not in get_request: a handshake that hangs must not hold up the others.
        request.settimeout(20)
        try:
            secured = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        with secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests are about."""


def _handler(service: Kubemon | ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do({})

        def do_POST(self) -> None:
            # As sleepy: a chunked body crashes it, and a body is read once.
            assert "Transfer-Encoding" not in self.headers, "a chunked body"
            self._do(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

        def _do(self, body: dict[str, Any]) -> None:
            headers = {k.lower(): v for k, v in self.headers.items()}
            heard = Heard(f"{self.command} {self.path}", headers, body, _common_name(self.connection))
            service.heard.append(heard)
            delay, service.delay = service.delay, 0
            time.sleep(delay)
            status, document = service.answer(heard)
            answer = b"" if document is None else json.dumps(document, indent=2).encode()
            status, answer = service.forced or (status, answer)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            if 300 <= status < 400:
                self.send_header("Location", f"{service.url}/namespaces/elsewhere/pods")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
            """Quiet."""

    return Handler


def _common_name(connection: Any) -> str:
    certificate = connection.getpeercert() or {}
    names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    return names[0] if names else ""
