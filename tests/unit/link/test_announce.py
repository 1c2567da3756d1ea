from __future__ import annotations

import ipaddress
import struct

from nuage_chain.link import announce

MAC = "02:00:00:00:00:07"


def test_an_ipv4_address_is_announced_by_a_gratuitous_arp_request() -> None:
    frame = announce.frame(MAC, ipaddress.ip_address("10.0.0.5"))
    assert frame[:6] == b"\xff" * 6
    assert frame[6:14] == bytes.fromhex("0200000000070806")
    assert (frame[28:32], frame[38:42]) == (bytes([10, 0, 0, 5]), bytes([10, 0, 0, 5]))


def test_an_ipv6_address_is_announced_with_a_checksum_that_holds() -> None:
    address = ipaddress.ip_address("2001:db8::5")
    frame = announce.frame(MAC, address)
    header, icmp = frame[14:54], frame[54:]
    assert (header[6], header[7], icmp[0]) == (58, 255, 136)
    pseudo = header[8:40] + struct.pack("!II", len(icmp), 58)
    words = struct.unpack(f"!{(len(pseudo) + len(icmp)) // 2}H", pseudo + icmp)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
    assert icmp[8:24] == address.packed
    assert icmp[-6:] == bytes.fromhex("020000000007")
