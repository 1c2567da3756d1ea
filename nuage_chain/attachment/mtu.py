"""Which MTU both ends of the veth get, so that what the container sends fits through the switch's tunnels.

What decides is in OVSDB: each tunnel of the bridge with the link it leaves by. Where nothing is known (no tunnels, or a
VRS that does not show them) nothing is refused and nothing changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from nuage_chain.attachment.state import Attaching
from nuage_chain.errors import BadConfig
from nuage_chain.link import veth
from nuage_chain.vrs.sight import Tunnel

# What a tunnel over IPv4 adds: IP 20, UDP 8, its own header, and the inner Ethernet header, 14. Its own header is 8
# with Geneve, and OVN's option 8 more; 8 with VXLAN; GRE has no UDP, and 8 with its key.
OVERHEAD = {"geneve": 58, "vxlan": 50, "gre": 42}
IPV6_MORE = 20
IPV6_LEAST = 1280
_LOWER = "Set `mtu` to {0} or less, leave it out to get what fits, or raise the MTU of the link below the tunnel."


@dataclass(frozen=True)
class Limit:
    """The largest MTU that fits, in bytes, and a clause that says why."""

    bytes: int
    why: str


def choose(at: Attaching) -> int:
    """The MTU for both ends: `mtu` where it is set, else that of the veth, lowered to what the tunnels carry.

    Raises BadConfig, with the numbers, when `mtu` is set to more than that.
    """
    wanted = at.settings.values.get("mtu")
    limit = _limit(at)
    if limit is None or (wanted or at.found.container.mtu) <= limit.bytes:
        return int(wanted or at.found.container.mtu)
    if wanted:
        raise BadConfig(f"`mtu` is {wanted}, but {limit.why}.", hint=_LOWER.format(limit.bytes))
    had = at.found.container.mtu
    at.notice(
        f"{at.request.ifname} of container {at.request.container_id} gets the MTU {limit.bytes} in place of {had}:"
        f" {limit.why}."
    )
    return limit.bytes


def check_ipv6(mtu: int) -> None:
    """Raises BadConfig for an MTU with which the kernel turns IPv6 off (RFC 8200, section 5)."""
    if mtu < IPV6_LEAST:
        raise BadConfig(f"The MTU is {mtu}, but the container gets an IPv6 address, which needs {IPV6_LEAST} or more.")


def _limit(at: Attaching) -> Limit | None:
    tunnels, requested = at.switch.tunnels(at.deadline)
    limits = [limit for limit in map(_through, tunnels) if limit is not None]
    if tunnels and requested is not None:
        limits.append(Limit(requested, f"the bridge {at.switch.bridge} has an mtu_request of {requested}"))
    return min(limits, key=lambda limit: limit.bytes, default=None)


def _through(tunnel: Tunnel) -> Limit | None:
    below = veth.current(tunnel.egress)
    if tunnel.kind not in OVERHEAD or tunnel.fragments or below is None:
        return None
    fits = below.mtu - OVERHEAD[tunnel.kind] - (IPV6_MORE if tunnel.ipv6 else 0)
    return Limit(
        fits,
        f"the tunnel {tunnel.name} ({tunnel.kind}) carries {fits}: it needs {below.mtu - fits} of the {below.mtu} of "
        f"{tunnel.egress}",
    )
