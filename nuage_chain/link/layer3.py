"""Addresses and routes that `ptp` left on the host end: taken off before the end becomes a port of the switch.

With the userspace datapath the host's own stack still sees what arrives on the port, and would answer ARP for the
gateway's address beside the overlay.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nuage_chain.errors import KernelRefused

if TYPE_CHECKING:
    from pyroute2 import IPRoute

_MAIN_TABLE = 254
_ROUTE_FIELDS = {"RTA_DST": "dst", "RTA_GATEWAY": "gateway", "RTA_PREFSRC": "prefsrc", "RTA_PRIORITY": "priority"}


@dataclass(frozen=True)
class Layer3:
    """What a link of this thread's namespace had, as arguments that put it back."""

    addresses: tuple[dict[str, Any], ...] = ()
    routes: tuple[dict[str, Any], ...] = ()


def look(index: int) -> Layer3:
    """All addresses of the link, but for link-local ones, and its routes in the main table."""
    with _iproute("Reading the addresses of the host end") as ipr:
        return _look(ipr, index)


def take_off(index: int, had: Layer3) -> None:
    """Takes them off the link."""
    if had == Layer3():
        return
    with _iproute("Taking the addresses off the host end") as ipr:
        for route in had.routes:
            ipr.route("del", oif=index, **route)
        for address in had.addresses:
            ipr.addr("del", index=index, **address)


def give_back(index: int, had: Layer3) -> None:
    """Puts back what is missing of them."""
    if had == Layer3():
        return
    with _iproute("Putting the addresses back on the host end") as ipr:
        there = _look(ipr, index)
        for address in had.addresses:
            if address not in there.addresses:
                ipr.addr("add", index=index, **address)
        for route in had.routes:
            if route not in there.routes:
                ipr.route("add", oif=index, **route)


@contextmanager
def _iproute(doing: str) -> Iterator[IPRoute]:
    """doing: for the message of the KernelRefused that a refusal turns into."""
    # Its import takes as long as all else that a call without agent imports, and few links have any of this.
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as ipr:
            yield ipr
    except NetlinkError as e:
        raise KernelRefused(f"{doing} failed: {e.args[-1]}.") from e
    except OSError as e:
        raise KernelRefused(f"{doing} failed: {e.strerror or e}.") from e


def _look(ipr: IPRoute, index: int) -> Layer3:
    routes = tuple(_route(r) for r in ipr.get_routes(oif=index, table=_MAIN_TABLE) if r["proto"] != 2)
    addresses = tuple(_address(a) for a in ipr.get_addr(index=index) if a["scope"] == 0)
    return Layer3(addresses, routes)


def _address(message: Any) -> dict[str, Any]:  # noqa: ANN401 - pyroute2's messages have no types
    local = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
    return {"family": message["family"], "address": local, "prefixlen": message["prefixlen"]}


def _route(message: Any) -> dict[str, Any]:  # noqa: ANN401 - the same
    held = {argument: message.get_attr(name) for name, argument in _ROUTE_FIELDS.items()}
    route = {k: v for k, v in held.items() if v is not None}
    if "dst" in route:
        route["dst"] = f"{route['dst']}/{message['dst_len']}"
    return route | {"family": message["family"], "scope": message["scope"], "table": _MAIN_TABLE}
