from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.errors import OvsdbUnreachable, SwitchRefused
from nuage_chain.vsp.ovsdb import as_list, connect, decoded, encoded_map, encoded_set, split_messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ("x", "x"),
        (5, 5),
        (["uuid", "u"], "u"),
        (["set", []], []),
        (["set", [["uuid", "a"], ["uuid", "b"]]], ["a", "b"]),
        (["map", [["k", "v"]]], {"k": "v"}),
        (["map", []], {}),
    ],
)
def test_a_value_of_the_wire_becomes_one_of_python(wire: Any, value: Any) -> None:
    assert decoded(wire) == value


def test_a_set_of_one_is_a_list_of_one() -> None:
    assert as_list("x") == ["x"]
    assert as_list(["x", "y"]) == ["x", "y"]
    assert as_list([]) == []


def test_maps_and_sets_go_onto_the_wire_as_the_protocol_has_them() -> None:
    assert encoded_map({"a": "b"}) == ["map", [["a", "b"]]]
    assert encoded_set(["a"]) == ["set", ["a"]]


@pytest.mark.parametrize(
    ("buffer", "found", "rest"),
    [
        (b"", [], b""),
        (b'{"a":1}', [{"a": 1}], b""),
        (b'{"a":1}{"b":2}', [{"a": 1}, {"b": 2}], b""),
        (b'{"a":1}{"b":', [{"a": 1}], b'{"b":'),
        (b'{"a":"}"', [], b'{"a":"}"'),
        ('{"a":"ü"}'.encode()[:7], [], '{"a":"ü"}'.encode()[:7]),
    ],
)
def test_a_stream_is_cut_into_its_objects(buffer: bytes, found: list[dict[str, Any]], rest: bytes) -> None:
    assert split_messages(buffer) == (found, rest)


def against(
    tmp_path: Path, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], work: Any
) -> Any:
    """Run `work(path)` against a server that talks as `serve` does."""

    async def main() -> Any:
        path = tmp_path / "db.sock"
        server = await asyncio.start_unix_server(serve, str(path))
        try:
            return await asyncio.wait_for(work(path), 10)
        finally:
            server.close()

    return asyncio.run(main())


async def receive(reader: asyncio.StreamReader) -> dict[str, Any]:
    data = b""
    while True:
        data += await reader.read(65536)
        found, _ = split_messages(data)
        if found:
            return found[0]


def write(writer: asyncio.StreamWriter, **message: Any) -> None:
    writer.write(json.dumps(message).encode())


def test_what_is_monitored_is_kept_as_the_server_has_it(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await receive(reader)
        assert request["params"] == ["DB", None, {"T": {"columns": ["name", "ids"]}}]
        first = {
            "T": {"1": {"new": {"name": "a", "ids": ["map", []]}}, "2": {"new": {"name": "b", "ids": ["map", []]}}}
        }
        write(writer, id=request["id"], result=first, error=None)
        second = {"T": {"1": {"new": {"name": "a", "ids": ["map", [["k", "v"]]]}}, "2": {"old": {"name": "b"}}}}
        write(writer, id=None, method="update", params=[None, second])
        await writer.drain()
        await reader.read(1)

    async def work(path: Path) -> Any:
        changed = asyncio.Event()
        ovsdb = await connect(path, changed.set)
        await ovsdb.monitor("DB", {"T": ("name", "ids")})
        await changed.wait()
        tables = dict(ovsdb.tables)
        await ovsdb.close()
        return tables

    assert against(tmp_path, serve, work) == {"T": {"1": {"name": "a", "ids": {"k": "v"}}}}


@pytest.mark.parametrize(
    "results",
    [
        [{"count": 1}, {"error": "constraint violation", "details": "no"}],
        [{}, {}, {"error": "referential integrity violation", "details": "no"}],
        [{}],
        [{"error": "timed out", "details": "no"}, None],
    ],
)
def test_a_transaction_that_fails_anywhere_is_refused(tmp_path: Path, results: list[Any]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await receive(reader)
        write(writer, id=request["id"], result=results, error=None)
        await reader.read(1)

    async def work(path: Path) -> None:
        ovsdb = await connect(path, lambda: None)
        try:
            with pytest.raises(SwitchRefused):
                await ovsdb.transact("DB", [{"op": "a"}, {"op": "b"}])
        finally:
            await ovsdb.close()

    against(tmp_path, serve, work)


def test_a_server_that_goes_away_fails_what_waits_and_is_seen(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receive(reader)
        writer.close()

    async def work(path: Path) -> None:
        changed = asyncio.Event()
        ovsdb = await connect(path, changed.set)
        with pytest.raises(OvsdbUnreachable):
            await ovsdb.transact("DB", [])
        await changed.wait()
        assert ovsdb.lost
        with pytest.raises(OvsdbUnreachable):
            await ovsdb.transact("DB", [])
        await ovsdb.close()

    against(tmp_path, serve, work)


def test_an_echo_is_answered(tmp_path: Path) -> None:
    answers: list[dict[str, Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        write(writer, id="echo", method="echo", params=["x"])
        answers.append(await receive(reader))

    async def work(path: Path) -> None:
        ovsdb = await connect(path, lambda: None)
        while not answers:
            await asyncio.sleep(0.01)
        await ovsdb.close()

    against(tmp_path, serve, work)
    assert answers == [{"id": "echo", "result": ["x"], "error": None}]


def test_a_socket_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(OvsdbUnreachable, match="none"):
        asyncio.run(connect(tmp_path / "none", lambda: None))
