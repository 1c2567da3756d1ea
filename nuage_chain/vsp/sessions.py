"""The resolver's sessions with VSD: as csproot, in the role of VSC, for itself or on behalf of a tenant's user."""

from __future__ import annotations

import threading

from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsd.access import Access, Stamps
from nuage_chain.vsd.session import Session
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import Layout
from nuage_chain.vsp.settings import Settings

VSC = {"X-Nuage-Custom": "vsc"}
"""The embedded VSD lets csproot write read-only attributes with this header, as VSC reports what became of a port."""


class Sessions:
    """Sessions made when they are first needed: VSD's CA may not exist yet when the resolver starts.

    A password or CA that was replaced makes a session anew, so that nobody has to start again.
    """

    def __init__(self, layout: Layout, settings: Settings) -> None:
        self._layout = layout
        self._settings = settings
        self._lock = threading.Lock()
        self._made: dict[str | None, tuple[Stamps, Session]] = {}

    def own(self) -> Session:
        """The session of csproot itself. Raises NuageChainError while VSD's CA or the password cannot be read."""
        return self._get(None)

    def behalf_of(self, user: str, enterprise: str) -> Session:
        """The session for objects that shall belong to `user`; csproot's own when no user is named."""
        return self._get(f"{user}@{enterprise}" if user else None)

    def access(self, proxy_user: str | None = None) -> Access:
        """Where VSD is and who we are."""
        return access_of(self._layout, self._settings, proxy_user)

    def close(self) -> None:
        """Close every session."""
        with self._lock:
            for _, session in self._made.values():
                session.close()
            self._made.clear()

    def _get(self, proxy_user: str | None) -> Session:
        if not self._layout.ca.exists():
            raise VsdUnreachable("VSD has not made its certificates yet.")
        access = self.access(proxy_user)
        stamps = access.stamps()
        with self._lock:
            known, session = self._made.get(proxy_user, (None, None))
            if session is None or (known, session.access) != (stamps, access):
                if session is not None:
                    session.close()
                # A tenant's user may not speak for VSC.
                session = Session(access, headers=VSC if proxy_user is None else {})
                self._made[proxy_user] = stamps, session
            return session
