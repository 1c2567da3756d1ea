"""Reading a list of VSD page by page while others make and delete what is in it.

VSD knows a page by its number and size only (vsd-rest.md 1.5), so a deletion moves all that comes after it towards the
pages that were read already: what was first on the next page is then on none. The count does not tell of it when
something else is made meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST = 100
OVERLAPPING = 20
"""One in so many entries is asked for twice."""


class Pages:
    """What was read of a list so far, and which page to ask for next: `number` from 0, of `size` entries.

    Each page begins a little before the end of the last one. Where it has an entry that was known, nothing was passed
    over between them, whatever was deleted; where it has none, reading goes back. found: the objects by their IDs.
    """

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        self.number, self.size = 0, LARGEST
        self._largest = LARGEST
        self._read = 0
        self._last: set[str] | None = None

    def take(self, entries: Sequence[dict[str, Any]], total: int | None) -> bool:
        """Take VSD's answer for the page; returns whether there is another one to ask for.

        total: how many VSD says are in the list; None where it does not, as for a single object.
        """
        begin, new = self.number * self.size, {_identity(entry): entry for entry in entries}
        passed_over = begin < self._read and new.keys().isdisjoint(self.found)
        # What is no VSD may know no pages, and give the first one for ever.
        again, self._last = new.keys() == self._last, set(new)
        if passed_over:
            # None of it counts as known, or what lies before it would be taken for read.
            self._read = max(begin - self.size, 0)
        else:
            self.found |= new
            self._read = begin + len(entries)
            if again or not (len(entries) == self.size if total is None else self._read < total):
                return False
            if len(entries) < self.size:
                # VSD does not make pages as large as that.
                self._largest = max(len(entries), 1)
        self.number, self.size = following(self._read, self._largest)
        return True


def following(read: int, largest: int) -> tuple[int, int]:
    """The page that gets farthest of those that begin a little before entry `read`, or there: its number and size."""
    start = read - min(largest // OVERLAPPING, read)
    size = max(range(largest // 2 + 1, largest + 1), key=lambda size: size - start % size)
    return start // size, size


def _identity(entry: Mapping[str, Any]) -> str:
    return str(entry["ID"]) if "ID" in entry else json.dumps(entry, sort_keys=True)
