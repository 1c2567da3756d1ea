"""One HTTP request to an orchestrator, in TLS where its URL says so, and its whole answer, in bounded time."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from nuage_chain import __version__, bounded, causes
from nuage_chain.deadline import Deadline
from nuage_chain.errors import (
    BadConfig,
    NuageChainError,
    OrchestratorNotVerified,
    OrchestratorRefused,
    OrchestratorReplyLost,
    OrchestratorUnreachable,
)
from nuage_chain.exchange import Connections, NotConnected

LONGEST_WAIT = 10.0
# A pod is at most as large as etcd takes, 1.5 MiB.
_LARGEST_ANSWER = 4 << 20


@dataclass(frozen=True)
class Peer:
    """Whom to ask. name: how messages call it; url: https://HOST:PORT, or http where the peer has nothing else;
    server_name: of its certificate, if not HOST.
    """

    name: str
    url: str
    tls: ssl.SSLContext
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    server_name: str | None = None


def checked_url(url: str, key: str, schemes: Sequence[str] = ("https",)) -> str:
    """The URL without a slash at its end. Raises BadConfig for one that is not SCHEME://HOST[:PORT]."""
    if not _is_address(url, schemes):
        raise BadConfig(f"{key} has to be of the form {' or '.join(f'{one}://HOST:PORT' for one in schemes)}.")
    return url.rstrip("/")


def _is_address(url: str, schemes: Sequence[str]) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    more = "@" in parts.netloc or parts.query or parts.fragment
    return parts.scheme in schemes and bool(parts.hostname) and not more


def send(
    peer: Peer,
    method: str,
    path: str,
    deadline: Deadline,
    body: Mapping[str, Any] | None = None,
    at_most: float = LONGEST_WAIT,
) -> dict[str, Any]:
    """The JSON object that the peer answers; `{}` for an empty answer. at_most: seconds that it may take.

    Raises OrchestratorRefused for a 4xx or a redirect, OrchestratorUnreachable where nothing was sent,
    OrchestratorReplyLost where it may have been carried out, OrchestratorNotVerified, DeadlineExceeded, BadConfig for
    what cannot be said in HTTP.
    """
    what = f"{method} {path}"
    seconds = deadline.left(f"{peer.name}: {what}", at_most)
    status, answer = _within(seconds, peer, method, path, body)
    if not 200 <= status < 300:
        raise _refusal(peer, what, status, answer)
    if not answer.strip():
        return {}
    document = _json(answer)
    if not isinstance(document, dict):
        raise OrchestratorReplyLost(f"{peer.name} at {peer.url} answered {what} with something that is no JSON object.")
    return document


def _within(seconds: float, peer: Peer, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
    what = f"{method} {path}"
    try:
        return bounded.within(seconds, lambda: _exchange(seconds, peer, method, path, body))
    except bounded.TookTooLong:
        raise OrchestratorReplyLost(
            f"{peer.name} at {peer.url} did not answer {what} within {seconds:.1f} s."
        ) from None
    except Exception as e:
        raise _fault(peer, what, e) from e


def _exchange(seconds: float, peer: Peer, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, bytes]:
    # As bytes, it goes out with a Content-Length: nuagekubemon crashes on a chunked body.
    data = None if body is None else json.dumps(body).encode()
    headers = {"Accept": "application/json", "User-Agent": f"nuage-chain/{__version__}", **peer.headers}
    if data is not None:
        headers["Content-Type"] = "application/json"
    connections = Connections(peer.url, peer.tls, server_name=peer.server_name, largest=_LARGEST_ANSWER)
    try:
        reply = connections.exchange(method, path, headers, data, Deadline(seconds))
    finally:
        connections.close()
    return reply.status, reply.content


def _refusal(peer: Peer, what: str, status: int, answer: bytes) -> NuageChainError:
    said = f"{peer.name} at {peer.url} answered {what} with {status}: {_words(answer)}"
    # 429 is the API server's "too many requests", 408 and 5xx are a server's own trouble: all may pass.
    if status >= 500 or status in (408, 429):
        return OrchestratorReplyLost(said)
    return OrchestratorRefused(said, status=status)


def _words(answer: bytes) -> str:
    """The error's own words in one line: nuagekubemon says `error`, the API server `message`."""
    document = _json(answer)
    words = (document.get("error") or document.get("message")) if isinstance(document, dict) else None
    text = " ".join(str(words or answer[:200].decode(errors="replace") or "no reason given").split())
    return text[:400].rstrip(".") + "."


def _json(answer: bytes) -> object:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None


def _fault(peer: Peer, what: str, error: BaseException) -> BaseException:
    if not isinstance(error, (OSError, http.client.HTTPException)):
        # getaddrinfo raises a ValueError for a host such as `a..b`.
        wrong = isinstance(error, ValueError)
        return BadConfig(f"{peer.name} at {peer.url} cannot be asked {what}: {error}.") if wrong else error
    chain = list(causes.of(error))
    at = f"{peer.name} at {peer.url}"
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return OrchestratorNotVerified(f"The certificate of {at} is not verified: {cause.verify_message}.")
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            return OrchestratorRefused(f"{at} refused our certificate: {cause.reason}.", status=0)
        if isinstance(cause, NotConnected):
            return OrchestratorUnreachable(f"{at} cannot be reached: {causes.reason(chain)}.")
    return OrchestratorReplyLost(f"{at} did not answer {what}: {causes.reason(chain)}.")
