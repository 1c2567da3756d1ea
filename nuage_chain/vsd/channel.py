"""One request to VSD and its answer, with the retries that need no knowledge of what is asked."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping

from nuage_chain import __version__, causes
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError, VsdLoginRefused, VsdNotVerified, VsdReplyLost, VsdUnreachable
from nuage_chain.exchange import Connections, NotConnected, Reply
from nuage_chain.tracing import VSD, span
from nuage_chain.vsd import replies
from nuage_chain.vsd.access import Access

UNAVAILABLE = 503
GATEWAY_FAULTS = (502, 504)
_AGENT = {"User-Agent": f"nuage-chain/{__version__}"}
PAUSES = (0.2, 0.5, 1.0, 1.0)


class Channel:
    """Connections to one VSD, kept open between requests; may be used by several threads.

    sleep: waits so many seconds; a parameter so that tests need not.
    """

    def __init__(self, access: Access, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._sleep = sleep
        self._connections = Connections(access.base(), access.tls() if access.url.startswith("https:") else None)

    def send(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None, deadline: Deadline
    ) -> Reply:
        """The answer, whatever its status below 500.

        503 is tried again a few times, a connection that VSD dropped once; a POST never is when it may have arrived.
        Raises VsdUnreachable (VsdReplyLost where it may have been carried out), VsdNotVerified, VsdLoginRefused.
        """
        what = f"{method} {path}"
        pauses = iter(PAUSES)
        fresh_connection = method == "POST"
        while True:
            try:
                reply = self._once(method, path, headers, body, deadline)
            except _Dropped:
                if fresh_connection:
                    raise
                fresh_connection = True
                continue
            if not _worth_repeating(method, reply.status):
                return self._usable(reply, what)
            pause = next(pauses, None)
            if pause is None or not self.pause(pause, deadline, what):
                return self._usable(reply, what)

    def pause(self, seconds: float, deadline: Deadline, what: str) -> bool:
        """Waits, and says whether it did: not where the deadline would pass meanwhile."""
        if deadline.left(what) <= seconds:
            return False
        self._sleep(seconds)
        return True

    def close(self) -> None:
        """Close the connections; the next request would open them again."""
        self._connections.close()

    def _usable(self, reply: Reply, what: str) -> Reply:
        if reply.status < 500:
            return reply
        said = f"VSD at {self._access.url} answered {what} with {reply.status}: {replies.description(reply)}"
        if what.startswith("POST ") and reply.status != UNAVAILABLE:
            raise VsdReplyLost(said)
        raise VsdUnreachable(said)

    def _once(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None, deadline: Deadline
    ) -> Reply:
        try:
            with span(VSD, f"{method} {_without_ids(path)}"):
                return self._connections.exchange(method, path, {**_AGENT, **headers}, body, deadline)
        except OSError as error:
            raise self._fault(error, f"{method} {path}") from error
        except (ValueError, http.client.InvalidURL) as error:
            raise BadConfig(f"{method} {path} cannot be sent to VSD: {error}.") from error
        except http.client.HTTPException as error:
            raise self._fault(error, f"{method} {path}") from error

    def _fault(self, error: BaseException, what: str) -> NuageChainError:
        url = self._access.url
        chain = list(causes.of(error))
        for cause in chain:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return VsdNotVerified(f"The certificate of VSD at {url} is not verified: {cause.verify_message}.")
            if isinstance(cause, ssl.SSLError) and _about_our_certificate(cause):
                certificate = self._access.certificate
                shown = f"the certificate {certificate}" if certificate else "a connection without certificate"
                return VsdLoginRefused(f"VSD at {url} refused {shown}: {cause.reason}.")
            if isinstance(cause, NotConnected):
                return VsdUnreachable(f"VSD at {url} cannot be reached: {causes.reason(chain)}.")
        if any(isinstance(cause, TimeoutError) for cause in chain):
            return VsdReplyLost(f"VSD at {url} did not answer {what} in time.")
        return _Dropped(
            f"VSD at {url} dropped the connection during {what}: {causes.reason(chain)}.", hint=self._doubt()
        )

    def _doubt(self) -> str | None:
        """What a broken connection may mean: TLS 1.3 says no to a certificate after the client has begun to send."""
        certificate = self._access.certificate
        if certificate is None:
            return None
        return f"VSD may not accept the certificate {certificate}: check which CA signed it, and the port in vsd.url."


class _Dropped(VsdReplyLost):
    """The connection broke; on a kept one most likely because VSD had closed it for being idle."""


def _without_ids(path: str) -> str:
    """`vports/<ID>/policygroups` as `vports/*/policygroups`, so that a trace's requests can be counted."""
    parts = path.partition("?")[0].strip("/").split("/")
    return "/".join("*" if number % 2 else part for number, part in enumerate(parts))


def _worth_repeating(method: str, status: int) -> bool:
    return status == UNAVAILABLE or (status in GATEWAY_FAULTS and method != "POST")


def _about_our_certificate(error: ssl.SSLError) -> bool:
    reason = error.reason or ""
    return "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason)
