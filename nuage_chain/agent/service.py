"""Does a call: the same verbs as without an agent, on connections that are open already."""

from __future__ import annotations

import gc
import json
import os
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nuage_chain import __version__
from nuage_chain.agent.client import Client
from nuage_chain.agent.sessions import Sessions
from nuage_chain.agent.switches import Switches
from nuage_chain.attachment.lost import take_back
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import World
from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin, request, versions
from nuage_chain.deadline import Deadline
from nuage_chain.errors import CallEnded, NuageChainError
from nuage_chain.vrs.switch import Switch

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Service:
    """What the calls share. log: is told in a line what no caller can be told."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.switches, self.sessions = Switches(), Sessions()
        self._log = log
        self._since = time.monotonic()
        self._calls: Counter[str] = Counter()
        self._afterwards = ThreadPoolExecutor(4, thread_name_prefix="later")
        self._counting = threading.Lock()

    def serve(self, client: Client, waiting: int, running: int) -> None:
        """Does the call and answers, or leaves it to the relay: then nothing has been begun.

        waiting, running: how many calls there are, for who asks.
        """
        call = client.call
        if not call.is_seen_here() or not client.accept():
            return
        with self._counting:
            self._calls[call.verb if call.verb in versions.VERBS else "other"] += 1
        if not call.verb:
            client.reply(0, self._about(waiting, running), "")
            return
        said: list[str] = []
        reply = self._answer(client, said)
        err = "".join(f"nuage-chain: {sentence}\n" for sentence in said)
        if not client.reply(reply.status, reply.stdout, err) and call.verb == "ADD" and reply.status == 0:
            self._take_back(client)

    def sweep(self) -> None:
        """Closes what nobody has used for a while, and frees what the calls have left."""
        self.switches.sweep()
        self.sessions.sweep()
        # Netlink sockets of pyroute2 hold themselves. Left alone, Python looks for such things so seldom that the
        # memory goes on growing; all that was there at the start is frozen, so that this takes about a millisecond.
        gc.collect()

    def _answer(self, client: Client, said: list[str]) -> plugin.Reply:
        call = client.call

        def deadline(seconds: float) -> Deadline:
            client.ends = client.arrived + seconds
            return Deadline(seconds, begun=client.arrived, cancel=client.cancel)

        def report(error: BaseException) -> None:
            said.append("".join(traceback.format_exception(error)))

        world = self._world(call.token, deadline, said.append)
        verbs = handlers(world, environ=call.environ, way="agent")
        reply = plugin.answer(call.environ, call.stdin, verbs, report)
        if reply.status and client.given_up:
            ended = CallEnded(f"The caller ended the call, and it was rolled back: {json.loads(reply.stdout)['msg']}")
            return plugin.error(ended, versions.LATEST)
        return reply

    def _take_back(self, client: Client) -> None:
        """An ADD that has succeeded and nobody knows of: the runtime takes it for failed."""
        call = client.call
        try:
            take_back(request.read(call.environ, call.stdin), call.token, self._world(call.token, Deadline, self._log))
        except NuageChainError as e:
            self._log(f"An ADD could not be answered, nor taken back; its DEL will do that. {e.message}")

    def _world(self, token: str, deadline: Callable[[float], Deadline], notice: Callable[[str], None]) -> World:
        return World(
            hostname=socket.gethostname(),
            deadline=deadline,
            switch=self._switch,
            vsd=self.sessions.session,
            notice=notice,
            later=self._later,
            call=lambda: token,
        )

    def _later(self, work: Callable[[], None]) -> None:
        self._afterwards.submit(work)

    def _switch(self, found: Settings) -> Switch:
        return Switch(self.switches.connection(found.text("ovsdb")), found.text("bridge"))

    def _about(self, waiting: int, running: int) -> str:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        about = {
            "version": __version__,
            "process": os.getpid(),
            "seconds": round(time.monotonic() - self._since),
            "bytes": pages * _PAGE,
            "calls": dict(self._calls),
            "running": running,
            "waiting": waiting,
            "ovsdb": len(self.switches),
            "vsd": len(self.sessions),
        }
        return json.dumps(about)
