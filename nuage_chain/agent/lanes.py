"""Who may work next: a limit for what changes something, another for what only looks, and turns for the verbs."""

from __future__ import annotations

from collections import deque

from nuage_chain.agent.client import Client

CHANGING = ("ADD", "DEL", "GC")
AT_ONCE = 24
"""More ADDs at once would not end earlier on two cores, and each of them holds a thread and connections."""
LOOKING_AT_ONCE = 8


class _Lane:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.running = 0
        self.waiting: dict[str, deque[Client]] = {}

    def next(self) -> Client | None:
        if self.running >= self.limit or not self.waiting:
            return None
        verb = next(iter(self.waiting))
        queue = self.waiting.pop(verb)
        client = queue.popleft()
        if queue:
            # At the end: a hundred ADDs that wait do not keep a DEL waiting.
            self.waiting[verb] = queue
        self.running += 1
        return client


class Lanes:
    """Calls that wait, in the order they came, each verb in its turn. For one thread."""

    def __init__(self, at_once: int = AT_ONCE, looking_at_once: int = LOOKING_AT_ONCE) -> None:
        self._changing, self._looking = _Lane(at_once), _Lane(looking_at_once)

    @property
    def width(self) -> int:
        """How many calls may be under way."""
        return self._changing.limit + self._looking.limit

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return sum(len(queue) for lane in (self._changing, self._looking) for queue in lane.waiting.values())

    def add(self, client: Client) -> None:
        """It waits from here on."""
        self._lane(client).waiting.setdefault(client.call.verb, deque()).append(client)

    def next(self) -> Client | None:
        """The one that may begin now, and counts as running; None where all have to wait."""
        return self._looking.next() or self._changing.next()

    def leave(self, client: Client) -> None:
        """It does not wait any more."""
        waiting = self._lane(client).waiting
        waiting[client.call.verb].remove(client)
        if not waiting[client.call.verb]:
            del waiting[client.call.verb]

    def done(self, client: Client) -> None:
        """It has run."""
        self._lane(client).running -= 1

    def _lane(self, client: Client) -> _Lane:
        return self._changing if client.call.verb in CHANGING else self._looking
