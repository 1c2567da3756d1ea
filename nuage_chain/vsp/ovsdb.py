"""A connection to an OVSDB server (RFC 7047) for an asyncio daemon: replicas of the columns it needs, transactions.

The `ovs` package's IDL has an event loop of its own and a JSON parser in pure Python; a daemon that also speaks
OpenFlow and waits for threads is simpler on asyncio.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nuage_chain.errors import OvsdbUnreachable, SwitchRefused

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
Operation = dict[str, Any]

CHUNK = 1 << 18
REPLY_SECONDS = 10.0
RECONNECT_SECONDS = 0.05


class Ovsdb:
    """One connection. `tables` is kept as the server has it: table, row UUID, column; maps are dicts, sets lists.

    Use `connect`. The server sends what a transaction changed before it answers the transaction (RFC 7047, 4.1.3),
    so `tables` holds it when `transact` returns.

    followed: called with table, row UUID and row, or None, for every row that changes.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, changed: Callable[[], None]) -> None:
        self.tables: Tables = {}
        self.followed: Callable[[str, str, Row | None], None] = lambda *_: None
        self._reader = reader
        self._writer = writer
        self._changed = changed
        self._ids = itertools.count(1)
        self._waiting: dict[int, tuple[asyncio.Future[Any], Callable[[Any], None] | None]] = {}
        self._receiver = asyncio.ensure_future(self._receive())

    @property
    def lost(self) -> bool:
        """Whether the connection has ended."""
        return self._receiver.done()

    async def monitor(self, database: str, columns: Mapping[str, Iterable[str]]) -> None:
        """Fill `tables` with these columns of these tables and keep them so. Raises OvsdbUnreachable."""
        requests = {table: {"columns": list(names)} for table, names in columns.items()}
        self.tables.update({table: {} for table in columns})
        # Applied as it is received: an update that follows in the same breath is newer.
        await self._call("monitor", [database, None, requests], self._apply)

    async def transact(self, database: str, operations: list[Operation]) -> list[Any]:
        """The results of one transaction. Raises SwitchRefused when any part fails, OvsdbUnreachable."""
        results = await self._call("transact", [database, *operations])
        # One element more than operations carries the error of the commit itself.
        refusals = [r for r in results if isinstance(r, dict) and r.get("error")]
        if refusals or len(results) < len(operations):
            words = "; ".join(f"{r['error']}: {r.get('details', '')}" for r in refusals) or "short reply"
            raise SwitchRefused(f"The database {database} refused a transaction: {words}")
        return list(results)

    async def close(self) -> None:
        """End the connection."""
        self._receiver.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self._receiver
        self._writer.close()

    async def _call(self, method: str, params: list[Any], receive: Callable[[Any], None] | None = None) -> Any:  # noqa: ANN401 - whatever JSON the server answers
        if self.lost:
            raise OvsdbUnreachable("The connection to the database has ended.")
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer, receive
        self._send({"id": number, "method": method, "params": params})
        try:
            return await asyncio.wait_for(answer, REPLY_SECONDS)
        except asyncio.TimeoutError as e:
            raise OvsdbUnreachable(f"The database did not answer {method} within {REPLY_SECONDS:g} s.") from e
        finally:
            self._waiting.pop(number, None)

    def _send(self, message: Mapping[str, Any]) -> None:
        self._writer.write(json.dumps(message, separators=(",", ":")).encode())

    async def _receive(self) -> None:
        try:
            async for message in _messages(self._reader):
                self._take(message)
        finally:
            for answer, _ in self._waiting.values():
                if not answer.done():
                    answer.set_exception(OvsdbUnreachable("The connection to the database has ended."))
            self._changed()

    def _take(self, message: Mapping[str, Any]) -> None:
        method = message.get("method")
        if method == "echo":
            self._send({"id": message["id"], "result": message.get("params"), "error": None})
        elif method == "update":
            self._apply(message["params"][1])
            self._changed()
        elif method is None and message.get("id") in self._waiting:
            self._settle(message, *self._waiting[message["id"]])

    def _settle(
        self, message: Mapping[str, Any], answer: asyncio.Future[Any], receive: Callable[[Any], None] | None
    ) -> None:
        if answer.done():
            return
        if message.get("error") is not None:
            answer.set_exception(SwitchRefused(f"The database refused a request: {message['error']}"))
            return
        if receive is not None:
            receive(message["result"])
        answer.set_result(message["result"])

    def _apply(self, updates: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        for table, rows in updates.items():
            mine = self.tables[table]
            for row_id, update in rows.items():
                if "new" in update:
                    mine[row_id] = {column: decoded(value) for column, value in update["new"].items()}
                else:
                    mine.pop(row_id, None)
                self.followed(table, row_id, mine.get(row_id))


async def connect(path: Path, changed: Callable[[], None]) -> Ovsdb:
    """A connection to the server at the Unix socket `path`; `changed` is called when a monitored row changes.

    Raises OvsdbUnreachable.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError as e:
        raise OvsdbUnreachable(f"The database at {path} cannot be reached: {e}.") from e
    return Ovsdb(reader, writer, changed)


def decoded(value: Any) -> Any:  # noqa: ANN401 - the value of any column
    """A column's value in Python: sets as lists, maps as dicts, references as their UUIDs (RFC 7047, 5.1)."""
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "set":
        return [decoded(v) for v in content]
    if kind == "map":
        return {decoded(k): decoded(v) for k, v in content}
    return content


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - the value of any column
    """A decoded set column as a list: the server writes a set of one as its bare element."""
    return value if isinstance(value, list) else [value]


def encoded_map(values: Mapping[str, str]) -> list[Any]:
    """A map column's value as it goes onto the wire."""
    return ["map", [[k, v] for k, v in values.items()]]


def encoded_set(values: Iterable[Any]) -> list[Any]:
    """A set column's value as it goes onto the wire."""
    return ["set", list(values)]


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    buffer = b""
    while chunk := await reader.read(CHUNK):
        buffer += chunk
        if chunk.endswith(b"}"):  # an object can end nowhere else, and trying costs a parse of all there is
            found, buffer = split_messages(buffer)
            for message in found:
                yield message


def split_messages(buffer: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """The whole JSON objects at the start of `buffer`, which have nothing between them, and the bytes after them."""
    decode = json.JSONDecoder().raw_decode
    found: list[dict[str, Any]] = []
    try:
        text = buffer.decode("utf-8")
    except UnicodeDecodeError:
        return found, buffer
    start = 0
    while start < len(text):
        try:
            message, start = decode(text, start)
        except json.JSONDecodeError:
            break
        found.append(message)
    return found, text[start:].encode()


async def attended(work: Callable[[], Awaitable[None]], logger: logging.Logger) -> None:
    """Begins `work` again whenever a database goes away or refuses; each complaint is logged once."""
    complaint = ""
    while True:
        try:
            await work()
        except (OvsdbUnreachable, SwitchRefused) as e:
            if e.message != complaint:
                complaint = e.message
                logger.warning("%s Trying again.", e.message)
            await asyncio.sleep(RECONNECT_SECONDS)
