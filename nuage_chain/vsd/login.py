"""The credentials that go with each request: the certificate's name, or a key that VSD issued and renews."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nuage_chain.deadline import Deadline
from nuage_chain.errors import DeadlineExceeded, VsdLoginRefused, VsdReplyLost, VsdUnreachable
from nuage_chain.exchange import Reply
from nuage_chain.vsd import replies
from nuage_chain.vsd.access import Access

RENEWED_BEFORE = 60.0
MILLISECONDS_ABOVE = 1e11


class Sender(Protocol):
    """Carries one request to VSD and brings the answer, as Channel.send does."""

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None, deadline: Deadline, /
    ) -> Reply:
        """The answer, whatever its status."""


@dataclass(frozen=True)
class _Key:
    header: str
    renew_at: float | None


class Login:
    """One account's Authorization header; several threads share it and only one of them logs in at a time.

    clock: seconds since the epoch, since VSD says so when a key expires.
    """

    def __init__(self, access: Access, send: Sender, clock: Callable[[], float]) -> None:
        self._access = access
        self._send = send
        self._clock = clock
        self._lock = threading.Lock()
        self._key: _Key | None = None
        if access.certificate is not None:
            self._key = _Key(_header(access.user, ""), None)

    def header(self, deadline: Deadline) -> str:
        """The header for a request now. Logs in when there is no key, or less than a minute is left of it.

        Raises VsdLoginRefused and what Channel.send raises.
        """
        key = self._key
        if key is not None and not self._is_old(key):
            return key.header
        return self._renewed(key, deadline)

    def after_refusal(self, refused: str, deadline: Deadline) -> str:
        """The header to try again with, once VSD answered 401 to `refused`."""
        if self._access.certificate is not None:
            raise self.refused()
        key = self._key
        if key is not None and key.header != refused:
            return key.header
        return self._renewed(key, deadline)

    def refused(self, said: str = "") -> VsdLoginRefused:
        """The error for an account that VSD does not let in."""
        with_what = "the password" if self._access.certificate is None else f"certificate {self._access.certificate}"
        return VsdLoginRefused(
            f"VSD at {self._access.url} does not let user {self._access.user!r} of organization "
            f"{self._access.organization!r} in with {with_what}{said and ': ' + said}."
        )

    def _is_old(self, key: _Key) -> bool:
        return key.renew_at is not None and self._clock() >= key.renew_at

    def _renewed(self, old: _Key | None, deadline: Deadline) -> str:
        if not self._lock.acquire(timeout=deadline.left("the login to VSD")):
            raise DeadlineExceeded(f"The login to VSD at {self._access.url} took all the time there was.")
        try:
            key = self._key
            if key is None or key is old:
                key = self._key = self._log_in(deadline)
        except VsdReplyLost as lost:
            # A login that was lost changes nothing, whatever the request was that needed it.
            raise VsdUnreachable(lost.message, hint=lost.hint) from lost
        else:
            return key.header
        finally:
            self._lock.release()

    def _log_in(self, deadline: Deadline) -> _Key:
        header = _header(self._access.user, self._access.password or "")
        reply = self._send("GET", "me", {"Authorization": header}, None, deadline)
        if reply.status in (401, 403):
            raise self.refused(replies.description(reply))
        if reply.status != 200:
            raise replies.refusal(reply, "the login (GET me)")
        users = replies.objects(reply, "The login (GET me)")
        if len(users) != 1 or not isinstance(users[0].get("APIKey"), str):
            raise VsdUnreachable(f"VSD at {self._access.url} answered the login without an APIKey.")
        return _Key(_header(self._access.user, users[0]["APIKey"]), self._renew_at(users[0].get("APIKeyExpiry")))

    def _renew_at(self, expiry: Any) -> float | None:  # noqa: ANN401 - whatever VSD sent
        if isinstance(expiry, bool) or not isinstance(expiry, (int, float)):
            return None
        end = expiry / 1000 if expiry > MILLISECONDS_ABOVE else float(expiry)
        left = end - self._clock()
        # A key that is born expired means that the clocks differ: then only VSD's 401 tells.
        return None if left <= 0 else end - min(RENEWED_BEFORE, left / 2)


def _header(user: str, secret: str) -> str:
    return "XREST " + base64.b64encode(f"{user}:{secret}".encode()).decode()
