"""`python -m nuage_chain.vsp.resolver --state DIR --pidfile FILE`: resolve until SIGTERM."""

from __future__ import annotations

import sys

from nuage_chain.vsp.foreground import leave, serve
from nuage_chain.vsp.resolver.service import Service

if __name__ == "__main__":
    leave(serve("nuage_chain.vsp.resolver", __doc__, Service, sys.argv[1:]))
