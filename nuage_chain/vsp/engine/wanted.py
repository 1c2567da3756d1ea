"""Everything that OVN has to have for one scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nuage_chain.vsp.engine.acls import policy_rows
from nuage_chain.vsp.engine.mirror import SHARED, Mirror
from nuage_chain.vsp.engine.networks import network_rows
from nuage_chain.vsp.engine.objects import Wanted
from nuage_chain.vsp.engine.outside import outside_rows, switch_rows
from nuage_chain.vsp.engine.redirects import redirect_rows
from nuage_chain.vsp.engine.routes import route_rows


def wanted_rows(mirror: Mirror, scope: str, gateways: Sequence[str], *, without_policy: bool) -> Iterator[Wanted]:
    """The rows of a scope; none for a domain that VSD does not have.

    gateways: nodes that lead out of the overlay. without_policy: see `acls.policy_rows`.
    """
    if scope == SHARED:
        yield from switch_rows(mirror)
        return
    if mirror.get("domain", scope) is None and mirror.get("l2domain", scope) is None:
        return
    yield from network_rows(mirror, scope)
    yield from policy_rows(mirror, scope, without_policy=without_policy)
    if mirror.get("domain", scope) is not None:
        yield from route_rows(mirror, scope)
        yield from redirect_rows(mirror, scope)
        yield from outside_rows(mirror, scope, gateways)
