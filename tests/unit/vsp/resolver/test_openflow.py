from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.vsp.resolver import openflow
from nuage_chain.vsp.resolver.openflow import Controller, is_master, message, role_request

if TYPE_CHECKING:
    from pathlib import Path


def test_a_message_has_the_header_of_openflow_1_3() -> None:
    assert message(0, 7, b"ab") == bytes([4, 0, 0, 10, 0, 0, 0, 7]) + b"ab"


def test_a_role_request_asks_to_be_master_with_a_generation() -> None:
    assert role_request(2, 5) == bytes([4, 24, 0, 24, 0, 0, 0, 2]) + struct.pack("!IIQ", 2, 0, 5)


@pytest.mark.parametrize(("role", "granted"), [(0, False), (1, False), (2, True), (3, False)])
def test_only_the_role_of_master_is_a_grant(role: int, granted: bool) -> None:
    assert is_master(struct.pack("!IIQ", role, 0, 0)) == granted
    assert not is_master(b"")


class FakeSwitch:
    """The other end of the controller's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def receive(self) -> tuple[int, int, bytes]:
        version, kind, length, xid = struct.unpack("!BBHI", await self.reader.readexactly(8))
        assert version == 4
        return kind, xid, await self.reader.readexactly(length - 8)


def with_switch(tmp_path: Path, work: Any) -> int:
    """How often the role was granted while `work(switch)` ran."""
    granted: list[int] = []

    async def main() -> None:
        controller = Controller(lambda: granted.append(1), lambda: 42)
        path = tmp_path / "alubr0.controller"
        path.write_text("left by one that was killed")
        await controller.listen(path)
        switch = FakeSwitch(*await asyncio.open_unix_connection(str(path)))
        try:
            await asyncio.wait_for(work(switch), 5)
        finally:
            switch.writer.close()
            await controller.close()

    asyncio.run(main())
    return len(granted)


def test_the_switch_is_greeted_and_asked_for_the_role(tmp_path: Path) -> None:
    async def work(switch: FakeSwitch) -> None:
        assert (await switch.receive())[0] == openflow.HELLO
        switch.writer.write(message(openflow.HELLO, 1, b"\0\1\0\10\0\0\0\x7e"))
        kind, _, body = await switch.receive()
        assert kind == openflow.ROLE_REQUEST
        assert struct.unpack("!IIQ", body) == (2, 0, 42)
        switch.writer.write(message(openflow.ROLE_REPLY, 2, struct.pack("!IIQ", 2, 0, 42)))
        switch.writer.write(message(openflow.ECHO_REQUEST, 9, b"probe"))
        assert await switch.receive() == (openflow.ECHO_REPLY, 9, b"probe")

    assert with_switch(tmp_path, work) == 1


def test_errors_and_packets_are_read_and_change_nothing(tmp_path: Path) -> None:
    async def work(switch: FakeSwitch) -> None:
        await switch.receive()
        switch.writer.write(message(openflow.ERROR, 2, b"\0\x0b\0\0") + message(10, 3, b"packet") * 5)
        switch.writer.write(message(openflow.ROLE_REPLY, 2, struct.pack("!IIQ", 3, 0, 42)))
        switch.writer.write(message(openflow.ECHO_REQUEST, 9))
        assert await switch.receive() == (openflow.ECHO_REPLY, 9, b"")

    assert with_switch(tmp_path, work) == 0
