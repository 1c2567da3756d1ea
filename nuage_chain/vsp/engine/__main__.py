"""`python -m nuage_chain.vsp.engine --state DIR --pidfile FILE`: keep OVN as VSD wants it until SIGTERM."""

from __future__ import annotations

import sys

from nuage_chain.vsp.engine.service import Service
from nuage_chain.vsp.foreground import leave, serve

if __name__ == "__main__":
    leave(serve("nuage_chain.vsp.engine", __doc__, Service, sys.argv[1:]))
