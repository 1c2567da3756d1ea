"""Tell the segment where an address lives: gratuitous ARP (RFC 5227), unsolicited neighbour advertisement (RFC 4861).

What the bridge plugin announced went to the Linux bridge, the wrong segment. These functions run inside the sandbox.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from nuage_chain.errors import KernelRefused

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_ETH_ARP, _ETH_IPV6 = 0x0806, 0x86DD
_BROADCAST = b"\xff" * 6
_ALL_NODES_MAC, _ALL_NODES = bytes.fromhex("333300000001"), ipaddress.IPv6Address("ff02::1")
_ICMPV6, _ADVERTISEMENT, _OVERRIDE, _TARGET_LINK_ADDRESS = 58, 136, 0x20000000, 2
# One announcement may be lost: the first packet that a switch sees of a port starts the learning.
TIMES, PAUSE = 3, 0.005


def announce(
    ifname: str, mac: str, addresses: Sequence[Address], pause: Callable[[float], None] = time.sleep
) -> Callable[[], None]:
    """Sends each address's announcement once, and returns what sends it twice more, `PAUSE` seconds apart.

    That part works from anywhere, does not raise, and has to be called: the kernel takes 10 to 20 ms to close such a
    socket, and nobody has to wait for it. Raises KernelRefused.
    """
    frames = [frame(mac, address) for address in addresses]
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC)
        opened.bind((ifname, 0))
        _send(opened, frames)
    except OSError as e:
        raise KernelRefused(f"Announcing the addresses of {ifname} failed: {e.strerror}.") from e

    def rest() -> None:
        # The container may have gone already.
        with opened, contextlib.suppress(OSError):
            for _ in range(TIMES - 1):
                pause(PAUSE)
                _send(opened, frames)

    return rest


def _send(opened: socket.socket, frames: Sequence[bytes]) -> None:
    for packet in frames:
        opened.send(packet)


def frame(mac: str, address: Address) -> bytes:
    """The whole Ethernet frame that announces `address` at `mac`."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    if isinstance(address, ipaddress.IPv4Address):
        return _gratuitous_arp(hardware, address.packed)
    return _advertisement(hardware, address)


def _gratuitous_arp(mac: bytes, ip: bytes) -> bytes:
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + ip + bytes(6) + ip
    return _BROADCAST + mac + struct.pack("!H", _ETH_ARP) + arp


def _advertisement(mac: bytes, ip: ipaddress.IPv6Address) -> bytes:
    body = struct.pack("!I", _OVERRIDE) + ip.packed + bytes((_TARGET_LINK_ADDRESS, 1)) + mac
    pseudo = ip.packed + _ALL_NODES.packed + struct.pack("!II", len(body) + 4, _ICMPV6)
    checksum = _checksum(pseudo + struct.pack("!BBH", _ADVERTISEMENT, 0, 0) + body)
    icmp = struct.pack("!BBH", _ADVERTISEMENT, 0, checksum) + body
    header = struct.pack("!IHBB", 0x60000000, len(icmp), _ICMPV6, 255) + ip.packed + _ALL_NODES.packed
    return _ALL_NODES_MAC + mac + struct.pack("!H", _ETH_IPV6) + header + icmp


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
