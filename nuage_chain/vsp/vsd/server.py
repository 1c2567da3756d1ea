"""The VSD server: its two listeners, one for passwords and API keys, one for client certificates."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from nuage_chain.errors import BadConfig, IOFailure
from nuage_chain.vsp.vsd.api import Api
from nuage_chain.vsp.vsd.auth import Authenticator
from nuage_chain.vsp.vsd.behaviour import DEFAULTS, Behaviour
from nuage_chain.vsp.vsd.entities import Entities
from nuage_chain.vsp.vsd.events import EventLog
from nuage_chain.vsp.vsd.listener import Listener
from nuage_chain.vsp.vsd.model import Model, load_model
from nuage_chain.vsp.vsd.rules import RULES
from nuage_chain.vsp.vsd.seed import is_seeded, seed
from nuage_chain.vsp.vsd.store import Store
from nuage_chain.vsp.vsd.tls import create_ca, issue_server

PORT = 8443
CERT_PORT = 7443
KEY_LIFE = 24 * 3600.0
POLL_TIME = 60.0


class VsdServer:
    """An embedded VSD over one SQLite file.

    store_path: the file, made if it is not there; tls_dir: certificates, made if they are not there; port 0 takes any
    free one. password: csproot's first one, needed only for a store that has no csproot yet. names: further names and
    addresses for the server's certificate. key_life and poll_time in seconds; clock gives seconds since the epoch.
    behaviour: what nobody knows of the real VSD; model: other resources than those of the package.
    """

    def __init__(
        self,
        store_path: Path,
        tls_dir: Path,
        host: str = "127.0.0.1",
        port: int = PORT,
        cert_port: int = CERT_PORT,
        *,
        password: str | None = None,
        names: Sequence[str] = (),
        key_life: float = KEY_LIFE,
        poll_time: float = POLL_TIME,
        clock: Callable[[], float] = time.time,
        behaviour: Behaviour = DEFAULTS,
        model: Model | None = None,
    ) -> None:
        self._store_path = store_path
        self._tls_dir = tls_dir
        self._host = host
        self._ports = (port, cert_port)
        self._password = password
        self._names = names
        self._key_life = key_life
        self._poll_time = poll_time
        self._clock = clock
        self._behaviour = behaviour
        self._model = model or load_model()
        self._listeners: list[Listener] = []
        self._store: Store | None = None
        self._authenticator: Authenticator | None = None
        self._events = EventLog()

    @property
    def url(self) -> str:
        """Where passwords and API keys are taken: https://host:port."""
        return self._url(0)

    @property
    def cert_url(self) -> str:
        """Where client certificates are taken."""
        return self._url(1)

    @property
    def ca(self) -> Path:
        """The certificate that clients verify the server with."""
        return self._tls_dir / "ca.pem"

    def start(self) -> None:
        """Open the store and serve from threads of its own; returns when both ports take connections.

        Raises IOFailure when a file or port cannot be had, BadConfig when csproot has no password.
        """
        authority, server = create_ca(self._tls_dir), issue_server(self._tls_dir, self._names)
        self._store = Store(self._store_path)
        try:
            api = self._api(self._store)
            contexts = (_context(server.certificate, server.key), _context(server.certificate, server.key))
            contexts[1].verify_mode = ssl.CERT_REQUIRED
            contexts[1].load_verify_locations(authority.certificate)
            for port, context in zip(self._ports, contexts, strict=True):
                self._listen(port, context, api)
        except BaseException:
            self.stop()
            raise

    def stop(self, seconds: float = 3.0) -> None:
        """Let requests under way finish for at most `seconds`, then close everything; once more does no harm."""
        self._events.close()
        while self._listeners:
            self._listeners.pop().stop(seconds)
        if self._store is not None:
            self._store.close()
            self._store = None

    def expire_keys(self) -> None:
        """Make every API key that is out there expired."""
        if self._authenticator is not None:
            self._authenticator.expire_keys()

    def __enter__(self) -> VsdServer:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _api(self, store: Store) -> Api:
        entities, model = Entities(store), self._model
        if not is_seeded(entities):
            if not self._password:
                raise BadConfig(f"The VSD store {self._store_path} is new: csproot needs a first password.")
            seed(entities, model, RULES, self._password, int(self._clock() * 1000))
        self._events = EventLog()
        self._authenticator = Authenticator(entities, self._clock, self._key_life, self._behaviour)
        return Api(
            entities,
            model,
            RULES,
            self._authenticator,
            self._events,
            self._clock,
            self._poll_time,
            self._behaviour,
        )

    def _listen(self, port: int, context: ssl.SSLContext, api: Api) -> None:
        try:
            listener = Listener((self._host, port), context, api.answer)
        except OSError as error:
            raise IOFailure(
                f"VSD cannot listen on {self._host} port {port}: {error}",
                hint="Take another port, or end what listens there.",
            ) from error
        self._listeners.append(listener)
        threading.Thread(target=listener.serve_forever, name=f"vsd-{listener.port}", daemon=True).start()

    def _url(self, which: int) -> str:
        port = self._listeners[which].port if self._listeners else self._ports[which]
        return f"https://{f'[{self._host}]' if ':' in self._host else self._host}:{port}"


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
