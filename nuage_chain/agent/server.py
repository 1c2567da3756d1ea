"""One thread that talks to everybody, and threads that each do one call."""

from __future__ import annotations

import os
import selectors
import socket
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nuage_chain.agent import peer, wire
from nuage_chain.agent.client import Client, State
from nuage_chain.agent.lanes import Lanes
from nuage_chain.agent.service import Service

CLIENTS = 512
"""Connections at once; others wait until one of these has gone."""
BYTES = 64 << 20
"""Of calls that are read or wait; what is too much is done by the relay itself."""
_TO_ASK = 5.0
# Well under what a relay takes for death (nuage_chain/relay.py, SILENCE).
_ALIVE_EVERY = 4.0
_TICK, _SWEEP_EVERY, _SWEEP_AFTER = 1.0, 30.0, 100
_CHUNK = 1 << 16


class Server:
    """listener: a Unix stream socket that listens. log: is told in a line what is wrong with a caller."""

    def __init__(
        self,
        listener: socket.socket,
        service: Service,
        log: Callable[[str], None],
        lanes: Lanes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._service = service
        self._log = log
        self._lanes = lanes or Lanes()
        self._clock = clock
        self._clients: dict[int, Client] = {}
        self._done: deque[Client] = deque()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        # Not at the end of `run`: whoever stops us may be just about to write.
        weakref.finalize(self, os.close, self._wake)
        self._selector = selectors.DefaultSelector()
        self._listening = self._stopping = False
        self._told = self._swept = clock()
        self._ended = 0

    def stop(self) -> None:
        """Accepts nothing more and ends when the calls under way have ended; a signal handler may call it."""
        self._stopping = True
        os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Serves until it is stopped."""
        self._listener.setblocking(False)
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        with ThreadPoolExecutor(self._lanes.width, "call") as self._threads:
            while True:
                self._listen()
                if self._stopping and not self._clients:
                    break
                for key, _ in self._selector.select(_TICK if self._clients else _SWEEP_EVERY):
                    if key.data is not None:
                        self._hear(key.data)
                    elif key.fileobj is self._listener:
                        self._welcome()
                    else:
                        os.eventfd_read(self._wake)
                self._bury()
                self._begin()
                self._tend()
        self._selector.close()

    def _listen(self) -> None:
        """Takes calls in while there is room for them."""
        wanted = not self._stopping and len(self._clients) < CLIENTS
        if wanted and not self._listening:
            self._selector.register(self._listener, selectors.EVENT_READ, None)
        elif not wanted and self._listening:
            self._selector.unregister(self._listener)
        self._listening = wanted
        if self._stopping:
            # What has not been begun is for the relays to do, and who comes now has to see that nobody listens.
            self._listener.close()
            for client in [c for c in self._clients.values() if c.state is not State.RUNNING]:
                self._drop(client)

    def _welcome(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as e:
            self._log(f"A caller cannot be let in: {e.strerror}.")
            time.sleep(_TICK / 10)
            return
        try:
            client = Client(sock, peer.allowed(sock), self._clock())
        except peer.Unwanted as e:
            self._log(f"Not served: {e}.")
            sock.close()
            return
        self._clients[sock.fileno()] = client
        self._selector.register(sock, selectors.EVENT_READ, client)

    def _hear(self, client: Client) -> None:
        try:
            chunk = client.sock.recv(_CHUNK)
        except OSError:
            chunk = b""
        if client.state is not State.READING:
            self._hung_up(client)
        elif not chunk:
            self._drop(client)
        else:
            self._read(client, chunk)

    def _read(self, client: Client, chunk: bytes) -> None:
        try:
            whole = client.feed(chunk)
            if sum(c.size for c in self._clients.values() if c.state is not State.RUNNING) > BYTES:
                raise wire.Garbage("there is too much of others already")
        except (wire.Garbage, OSError) as e:
            # OSError: there is no descriptor left for it.
            self._log(f"What process {client.pid} sends is not taken: {e}.")
            self._drop(client)
            return
        if whole:
            client.state = State.WAITING
            self._lanes.add(client)
            self._begin()
            if client.state is State.WAITING:
                client.alive()

    def _hung_up(self, client: Client) -> None:
        """It wants no answer any more, or it says more than one call."""
        if client.state is State.WAITING:
            self._drop(client)
            return
        self._selector.unregister(client.sock)
        if client.cancel is not None:
            client.cancel.say()

    def _begin(self) -> None:
        while (client := self._lanes.next()) is not None:
            client.state = State.RUNNING
            running = sum(c.state is State.RUNNING for c in self._clients.values())
            self._threads.submit(self._work, client, self._lanes.waiting, running)

    def _work(self, client: Client, waiting: int, running: int) -> None:
        try:
            self._service.serve(client, waiting, running)
        except Exception:  # noqa: BLE001 - a fault of ours ends one call, not the agent
            self._log(traceback.format_exc())
        finally:
            self._done.append(client)
            os.eventfd_write(self._wake, 1)

    def _bury(self) -> None:
        while self._done:
            client = self._done.popleft()
            self._ended += 1
            self._lanes.done(client)
            self._drop(client)

    def _tend(self) -> None:
        now = self._clock()
        for client in [c for c in self._clients.values() if c.state is State.READING]:
            if now - client.arrived > _TO_ASK:
                self._log(f"Process {client.pid} did not say within {_TO_ASK:g} s what it wants.")
                self._drop(client)
        if now - self._told >= _ALIVE_EVERY:
            self._told = now
            for client in self._clients.values():
                if client.state is not State.READING and now < client.ends:
                    client.alive()
        if now - self._swept >= _SWEEP_EVERY or self._ended >= _SWEEP_AFTER:
            self._swept, self._ended = now, 0
            self._service.sweep()

    def _drop(self, client: Client) -> None:
        if client.sock in self._selector.get_map():
            self._selector.unregister(client.sock)
        if client.state is State.WAITING:
            self._lanes.leave(client)
        del self._clients[client.sock.fileno()]
        client.close()
