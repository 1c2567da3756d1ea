from __future__ import annotations

import ipaddress
import socket
import struct

import pytest

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


def test_the_first_announcement_is_waited_for_and_the_others_come_when_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    bound: list[tuple[str, int]] = []

    class Packets(socket.socket):
        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            bound.append(address)

    made = [Packets(fileno=ours.detach())]
    monkeypatch.setattr(socket, "socket", lambda *_: made[0])
    rest = announce.announce("eth0", MAC, [ipaddress.ip_address("10.0.0.5")], pause=lambda _: None)
    theirs.setblocking(False)
    assert (bound, len(theirs.recv(100))) == ([("eth0", 0)], 42)
    with pytest.raises(BlockingIOError):
        theirs.recv(100)
    rest()
    assert [len(theirs.recv(100)) for _ in range(2)] == [42, 42]
    assert made[0].fileno() == -1, "it has been closed"
    theirs.close()
