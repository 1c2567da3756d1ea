"""How to speak to the embedded VSD as csproot. It listens on loopback inside the VSP's network namespace."""

from __future__ import annotations

from nuage_chain.vsd.session import Access
from nuage_chain.vsp.layout import Layout, password
from nuage_chain.vsp.settings import Settings


def access_of(layout: Layout, settings: Settings, proxy_user: str | None = None) -> Access:
    """The account of csproot; a session has to be used inside `settings.netns`. Raises IOFailure without a password."""
    return Access(
        url=settings.vsd_url,
        organization="csp",
        user="csproot",
        password=password(layout),
        ca=layout.ca,
        proxy_user=proxy_user,
    )
