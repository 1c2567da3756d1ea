"""What has been looked up by name in VSD and may be used again: a renamed object keeps its ID."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

# A subnet's gateway or ranges may be changed in VSD; so long nobody hears of it.
SECONDS = 300.0
MOST = 4096


class Known:
    """Objects by collection and name; may be used by several threads. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, str], tuple[float, dict[str, Any]]] = OrderedDict()

    def get(self, path: str, name: str) -> dict[str, Any] | None:
        """The object, None where it has to be asked for."""
        with self._lock:
            since, found = self._found.get((path, name), (0.0, None))
        return found if found is not None and self._clock() - since < SECONDS else None

    def put(self, path: str, name: str, found: dict[str, Any]) -> None:
        """Keeps it; the one that was kept first goes where there are too many."""
        with self._lock:
            self._found.pop((path, name), None)
            self._found[path, name] = (self._clock(), found)
            if len(self._found) > MOST:
                self._found.popitem(last=False)

    def forget(self) -> bool:
        """Forgets all, since VSD says that something is gone; returns whether there was anything."""
        with self._lock:
            had = bool(self._found)
            self._found.clear()
        return had
