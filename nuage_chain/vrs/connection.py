"""One JSON-RPC connection to ovsdb-server, with a deadline on everything (RFC 7047)."""

from __future__ import annotations

from typing import Any, TypeAlias

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OvsdbUnreachable, SwitchRefused
from nuage_chain.tracing import OVSDB, span
from nuage_chain.vrs import jsonrpc

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
        self._peer: jsonrpc.Peer | None = None

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
        if self._peer is not None:
            self._peer.close()
        self._peer = None

    def _ask(self, method: str, params: list[Any], deadline: Deadline) -> Any:  # noqa: ANN401 - whatever JSON it answers
        try:
            with span(OVSDB, _named(method, params)):
                reply = self._answer(method, params, deadline)
        except BaseException:
            # Half an answer would be taken for that of the next request, and a lock would stay ours.
            self._drop()
            raise
        if reply.get("error") is not None:
            raise SwitchRefused(f"OVSDB at {self.remote} refused the request: {reply['error']}.")
        return reply.get("result")

    def _answer(self, method: str, params: list[Any], deadline: Deadline) -> jsonrpc.Message:
        if self._peer is not None and not self._peer.works():
            # A server on TCP has given us up: nobody answered its questions while VSD was spoken to.
            self._drop()
        peer = self._peer = self._peer or self._open(deadline)
        try:
            number = peer.ask(method, params)
            while True:
                message = peer.receive()
                if message is None:
                    peer.wait(deadline.left(f"an answer of OVSDB at {self.remote}"), deadline.wakes)
                elif message.get("id") == number and "method" not in message:
                    return message
        except jsonrpc.Broken as e:
            raise self._unreachable(str(e)) from e

    def _open(self, deadline: Deadline) -> jsonrpc.Peer:
        left = deadline.left(f"connecting to OVSDB at {self.remote}", at_most=5)
        return jsonrpc.connect(self.remote, left, self._unreachable)

    def _unreachable(self, reason: str) -> OvsdbUnreachable:
        return OvsdbUnreachable(f"OVSDB cannot be reached at {self.remote}: {reason}.")

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
