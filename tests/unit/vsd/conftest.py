"""A small real HTTP server that answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nuage_chain.vsd.session import Access, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY_LIFETIME = 86_400


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    """What the server sends: `body` as JSON, `raw` as it is; `act` instead does what it likes with the handler."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    act: Callable[[Handler], None] | None = None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        vsd = cast("ScriptedVsd", cast("Any", self.server).vsd)
        length = int(self.headers.get("Content-Length", "0"))
        text = self.rfile.read(length)
        path = self.path.split("/", 4)[-1]
        asked = Asked(self.command, path, dict(self.headers.items()), json.loads(text) if text else None)
        self.give(vsd.next_answer(asked))

    def give(self, answer: Answer) -> None:
        if answer.act is not None:
            answer.act(self)
            return
        raw = answer.raw
        if raw is None:
            raw = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """Nothing: clients here break connections on purpose."""


class ScriptedVsd:
    """Answers of a route are given in order, the last one for ever; a login is answered with a fresh key."""

    def __init__(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.asked: list[Asked] = []
        self.keys = 0
        self.expires: Callable[[], Any] = lambda: 0
        self._routes: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()
        self._server = _Server((host, 0), Handler)
        cast("Any", self._server).vsd = self
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'http' if context is None else 'https'}://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def reply(self, status: int, body: Any = None, **headers: str) -> Answer:
        return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def page(self, objects: list[Any], count: int) -> Answer:
        return Answer(200, objects or None, {"X-Nuage-Count": str(count)})

    def error(self, status: int, code: int | str | None, text: str) -> Answer:
        body: dict[str, Any] = {"errors": [{"property": "", "descriptions": [{"title": "t", "description": text}]}]}
        return Answer(status, body if code is None else body | {"internalErrorCode": code})

    def raw(self, body: bytes, status: int = 200, content_type: str = "text/html") -> Answer:
        return Answer(status, raw=body, headers={"Content-Type": content_type})

    def act(self, act: Callable[[Handler], None]) -> Answer:
        return Answer(act=act)

    def drop(self) -> Answer:
        """The connection breaks instead of an answer."""

        def act(handler: Handler) -> None:
            handler.close_connection = True
            handler.connection.close()

        return Answer(act=act)

    def trickle(self, head: bytes, forever: bytes) -> Answer:
        """`head` at once, and then for ten seconds a little more every now and then."""

        def act(handler: Handler) -> None:
            handler.close_connection = True
            handler.wfile.write(head)
            for _ in range(200):
                handler.wfile.write(forever)
                time.sleep(0.05)

        return Answer(act=act)

    def on(self, method: str, path: str, *answers: Answer) -> None:
        self._routes[method, path] = list(answers)

    def next_answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            queue = self._routes.get((asked.method, asked.path))
            if queue:
                return queue.pop(0) if len(queue) > 1 else queue[0]
            if asked.path == "me":
                self.keys += 1
                return Answer(body=[{"APIKey": f"key-{self.keys}", "APIKeyExpiry": self.expires()}])
        return Answer(404, {"title": "not found", "description": f"Nothing at {asked.path}"})

    def asks(self, method: str, path: str) -> list[Asked]:
        return [asked for asked in self.asked if (asked.method, asked.path) == (method, path)]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Clock:
    """Time that passes only when someone sleeps or says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vsd(clock: Clock) -> Iterator[ScriptedVsd]:
    server = ScriptedVsd()
    server.expires = lambda: (clock.now + KEY_LIFETIME) * 1000
    yield server
    server.stop()


@pytest.fixture
def access(vsd: ScriptedVsd) -> Access:
    return Access(url=vsd.url, organization="csp", user="csproot", password="s3cret-pass")


@pytest.fixture
def session(access: Access, clock: Clock) -> Iterator[Session]:
    one = Session(access, clock=clock, sleep=clock.sleep)
    yield one
    one.close()


@dataclass(frozen=True)
class Certificates:
    """PEM files: two authorities that do not know each other, and what the first one signed."""

    ca: Path
    other_ca: Path
    server: Path
    client: Path
    other_client: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("tls")
    ours, others = _Authority("ca"), _Authority("other")
    files = {
        "ca": ours.pem,
        "other_ca": others.pem,
        "server": ours.issue("localhost"),
        "client": ours.issue("csproot"),
        "other_client": others.issue("csproot"),
    }
    for name, pem in files.items():
        (folder / f"{name}.pem").write_bytes(pem)
    return Certificates(**{name: folder / f"{name}.pem" for name in files})


class _Authority:
    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basics = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._signed(self._name, self._key.public_key(), basics, None)
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
        )
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        basics = x509.BasicConstraints(ca=False, path_length=None)
        certificate = self._signed(subject, key.public_key(), basics, names)
        return certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        basics: x509.BasicConstraints,
        names: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(basics, critical=True)
            # Python 3.13 verifies as RFC 5280 has it: without these two a certificate is refused.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names is None:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        else:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture
def tls_vsd(certificates: Certificates, clock: Clock) -> Iterator[ScriptedVsd]:
    server = ScriptedVsd(_server_context(certificates))
    server.expires = lambda: (clock.now + KEY_LIFETIME) * 1000
    yield server
    server.stop()


@pytest.fixture
def misnamed_vsd(certificates: Certificates) -> Iterator[ScriptedVsd]:
    """With a certificate that is right but for the address, which is not in it."""
    server = ScriptedVsd(_server_context(certificates), "127.0.0.2")
    yield server
    server.stop()


@pytest.fixture
def certificate_vsd(certificates: Certificates) -> Iterator[ScriptedVsd]:
    """VSD's other port: it wants a client certificate."""
    context = _server_context(certificates)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.ca)
    server = ScriptedVsd(context)
    yield server
    server.stop()


def _server_context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    return context
