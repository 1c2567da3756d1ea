"""Addresses and unicast routes of this thread's network namespace."""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
from dataclasses import dataclass
from typing import TypeAlias

from nuage_chain.link.rtnl import ACK, CREATE, DUMP, EXCLUSIVE, REPLACE, Socket, attribute, attributes, number

Address: TypeAlias = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Gateway: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

MAIN_TABLE = 254
_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_EVERYWHERE = {4: ipaddress.ip_network("0.0.0.0/0"), 6: ipaddress.ip_network("::/0")}

_NEWADDR, _DELADDR, _GETADDR, _NEWROUTE, _GETROUTE = 20, 21, 22, 24, 26
# struct ifaddrmsg: family, length of the prefix, flags, scope, index.
_IFADDRMSG = struct.Struct("=BBBBI")
_ADDRESS, _LOCAL = 1, 2
# The overlay guarantees that nobody else has the address, and a tentative address cannot be used for a second.
_NO_DAD = 0x02
# struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type, flags.
_RTMSG = struct.Struct("=BBBBBBBBI")
_DST, _OIF, _GATEWAY, _TABLE = 1, 4, 5, 15
_STATIC, _UNICAST = 4, 1


@dataclass(frozen=True)
class Route:
    """A route as the kernel has it. gateway: None for one on the link. index: of the link it leaves by, 0 for none."""

    dst: Network
    gateway: Gateway | None
    index: int
    table: int


def addresses(kernel: Socket, index: int) -> list[Address]:
    """All addresses of the link, with their prefixes. Raises OSError."""
    found = []
    for _, answer in kernel.ask(_GETADDR, _IFADDRMSG.pack(0, 0, 0, 0, index), DUMP):
        _, prefix, _, _, its = _IFADDRMSG.unpack_from(answer)
        has = attributes(answer, _IFADDRMSG.size)
        raw = has.get(_LOCAL) or has.get(_ADDRESS)
        if its == index and raw:
            found.append(ipaddress.ip_interface((raw, prefix)))
    return found


def add_address(kernel: Socket, index: int, address: Address) -> None:
    """Gives the link the address, unless it has it. Raises OSError."""
    kernel.ask(_NEWADDR, _address(index, address), ACK | CREATE | REPLACE)


def delete_address(kernel: Socket, index: int, address: Address) -> None:
    """Takes the address from the link, and the routes with it that need it. Raises OSError."""
    kernel.ask(_DELADDR, _address(index, address), ACK)


def routes(kernel: Socket, versions: tuple[int, ...] = (4, 6), table: int = 0) -> list[Route]:
    """The unicast routes of these IP versions, in that table or (0) in all of them. Raises OSError."""
    found = [route for version in versions for route in _routes(kernel, version, table)]
    return [route for route in found if table in (0, route.table)]


def add_default_route(kernel: Socket, index: int, gateway: Gateway) -> None:
    """Everything goes out of the link by that gateway. Raises OSError."""
    body = _RTMSG.pack(_FAMILY[gateway.version], 0, 0, 0, MAIN_TABLE, _STATIC, 0, _UNICAST, 0)
    body += attribute(_GATEWAY, gateway.packed) + attribute(_OIF, struct.pack("=I", index))
    kernel.ask(_NEWROUTE, body, ACK | CREATE | EXCLUSIVE)


def _address(index: int, address: Address) -> bytes:
    flags = _NO_DAD if address.version == 6 else 0
    body = _IFADDRMSG.pack(_FAMILY[address.version], address.network.prefixlen, flags, 0, index)
    return body + attribute(_LOCAL, address.ip.packed) + attribute(_ADDRESS, address.ip.packed)


def _routes(kernel: Socket, version: int, table: int) -> list[Route]:
    try:
        answer = kernel.ask(_GETROUTE, _RTMSG.pack(_FAMILY[version], 0, 0, 0, table, 0, 0, 0, 0), DUMP)
    except OSError as e:
        if e.errno == errno.ENOENT:
            # There is no such table yet.
            return []
        raise
    return [_route(payload, version) for _, payload in answer if _RTMSG.unpack_from(payload)[7] == _UNICAST]


def _route(answer: bytes, version: int) -> Route:
    _, prefix, _, _, table, *_ = _RTMSG.unpack_from(answer)
    has = attributes(answer, _RTMSG.size)
    dst, gateway = has.get(_DST), has.get(_GATEWAY)
    return Route(
        dst=ipaddress.ip_network((dst, prefix)) if dst else _EVERYWHERE[version],
        gateway=ipaddress.ip_address(gateway) if gateway else None,
        index=number(has.get(_OIF, b"")),
        table=number(has.get(_TABLE, b"")) or table,
    )
