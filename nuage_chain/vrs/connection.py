"""One JSON-RPC connection to ovsdb-server, with a deadline on everything (RFC 7047)."""

from __future__ import annotations

import errno
import os
from typing import Any, TypeAlias

import ovs.jsonrpc
import ovs.poller
import ovs.stream

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OvsdbUnreachable, SwitchRefused
from nuage_chain.tracing import OVSDB, span

DATABASE = "Open_vSwitch"
_CHANGES = ("insert", "mutate", "update", "delete")
Operation: TypeAlias = dict[str, Any]


class GuardFailed(SwitchRefused):
    """A `wait` of the transaction did not hold within its time; `index` is its place in the transaction."""

    def __init__(self, message: str, index: int) -> None:
        super().__init__(message)
        self.index = index


class Connection:
    """A connection that opens when it is first needed, and again after it broke.

    remote: as Open vSwitch writes it, `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`.
    """

    def __init__(self, remote: str) -> None:
        self.remote = remote
        self._rpc: ovs.jsonrpc.Connection | None = None

    def transact(self, operations: list[Operation], deadline: Deadline) -> list[dict[str, Any]]:
        """The result of each operation, in order, all of them carried out or none.

        Raises GuardFailed when a `wait` ran out, SwitchRefused when OVSDB refuses any of them (the commit included,
        which reports its error as one element more), OvsdbUnreachable, DeadlineExceeded.
        """
        return self._checked(self._ask("transact", [DATABASE, *operations], deadline), operations)

    def is_locked(self, lock: str, deadline: Deadline) -> bool:
        """Whether another client holds the lock (RFC 7047, section 4.1.8). It is not kept, nor waited for.

        Raises SwitchRefused, OvsdbUnreachable, DeadlineExceeded.
        """
        ours = bool(self._ask("lock", [lock], deadline)["locked"])
        self._ask("unlock", [lock], deadline)
        return not ours

    def close(self) -> None:
        """Closes the connection; a further transaction opens it again."""
        self._drop()

    def _drop(self) -> None:
        if self._rpc is not None and self._rpc.stream is not None:
            self._rpc.close()
        self._rpc = None

    def _ask(self, method: str, params: list[Any], deadline: Deadline) -> Any:  # noqa: ANN401 - whatever JSON it answers
        try:
            with span(OVSDB, _named(method, params)):
                reply = self._call(ovs.jsonrpc.Message.create_request(method, params), deadline)
        except BaseException:
            # Half an answer would be taken for that of the next request, and a lock would stay ours.
            self._drop()
            raise
        if reply.type == ovs.jsonrpc.Message.T_ERROR:
            raise SwitchRefused(f"OVSDB at {self.remote} refused the request: {reply.error}.")
        return reply.result

    def _call(self, request: ovs.jsonrpc.Message, deadline: Deadline) -> ovs.jsonrpc.Message:
        rpc = self._rpc = self._rpc or self._open(deadline)
        self._raise_for(rpc.send(request))
        while True:
            error, message = rpc.recv()
            if error == errno.EAGAIN:
                self._pause(rpc, deadline)
                continue
            self._raise_for(error)
            if message.type == ovs.jsonrpc.Message.T_REQUEST and message.method == "echo":
                rpc.send(ovs.jsonrpc.Message.create_reply(message.params, message.id))
            elif (
                message.type in (ovs.jsonrpc.Message.T_REPLY, ovs.jsonrpc.Message.T_ERROR) and message.id == request.id
            ):
                return message

    def _open(self, deadline: Deadline) -> ovs.jsonrpc.Connection:
        left = int(deadline.left(f"connecting to OVSDB at {self.remote}", at_most=5) * 1000)
        try:
            error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(self.remote), left)
        except RecursionError as e:
            # The library shortens a path that is too long for a socket, and never ends where only its name is long.
            raise OvsdbUnreachable(f"OVSDB cannot be reached at {self.remote}: the path is too long.") from e
        except (ValueError, TypeError, OverflowError, OSError) as e:
            raise OvsdbUnreachable(f"OVSDB cannot be reached at {self.remote}: {e}.") from e
        self._raise_for(error)
        return ovs.jsonrpc.Connection(stream)

    def _pause(self, rpc: ovs.jsonrpc.Connection, deadline: Deadline) -> None:
        poller = ovs.poller.Poller()
        poller.timer_wait(int(deadline.left(f"an answer of OVSDB at {self.remote}") * 1000) + 1)
        rpc.run()
        rpc.wait(poller)
        rpc.recv_wait(poller)
        if deadline.wakes is not None:
            poller.fd_wait(deadline.wakes, ovs.poller.POLLIN)
        poller.block()

    def _raise_for(self, error: int) -> None:
        if error:
            reason = "the server closed the connection" if error < 0 else os.strerror(error)
            raise OvsdbUnreachable(f"OVSDB cannot be reached at {self.remote}: {reason}.")

    def _checked(self, results: list[dict[str, Any] | None], operations: list[Operation]) -> list[dict[str, Any]]:
        for index, result in enumerate(results):
            if result and "error" in result:
                raise _refusal(index, result, operations)
        if len(results) != len(operations) or any(r is None for r in results):
            raise SwitchRefused(f"OVSDB at {self.remote} answered {len(results)} of {len(operations)} operations.")
        return [r for r in results if r is not None]


def _named(method: str, params: list[Any]) -> str:
    """The transaction for a trace: what changes or waits, else what is read."""
    operations = [p for p in params if isinstance(p, dict)]
    waits = any(o["op"] == "wait" and o["timeout"] for o in operations)
    kind = "wait" if waits else "change" if any(o["op"] in _CHANGES for o in operations) else "look"
    return f"{method} {kind}" if operations else method


def _refusal(index: int, result: dict[str, Any], operations: list[Operation]) -> SwitchRefused:
    said = ": ".join(str(result[k]) for k in ("error", "details") if result.get(k))
    if index >= len(operations):
        return SwitchRefused(f"OVSDB refused the transaction at its end: {said}.")
    operation = operations[index]
    where = f"{operation['op']} on {operation.get('table', 'the database')}"
    if operation["op"] == "wait" and result["error"] == "timed out":
        return GuardFailed(f"OVSDB: what {where} waited for did not come about.", index)
    return SwitchRefused(f"OVSDB refused {where}: {said}.")
