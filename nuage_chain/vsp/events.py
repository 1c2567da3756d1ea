"""VSD's push channel: a thread that long-polls `/events` (vsd-rest.md 1.1) and hands on what changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import requests

from nuage_chain.errors import NuageChainError
from nuage_chain.vsd.session import Access

POLL_SECONDS = 90.0
"""Above VSD's own minute, after which it answers with nothing."""

SHORTEST_POLL = 1.0
"""VSD waits longer than this before it answers with nothing, unless it has forgotten the cursor."""

NO_CURSOR = "00000000-0000-0000-0000-000000000000"
"""A cursor that VSD cannot know is answered at once with a new one; so is one that it has forgotten."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0

logger = logging.getLogger(__name__)


class Events:
    """A daemon thread, since a long poll cannot be interrupted.

    access: where VSD is; called again after each failure, and may raise NuageChainError.
    handle: called with each list of events, in this thread.
    gap: called when events may have been missed: at first, and after each failure.
    """

    def __init__(
        self, access: Callable[[], Access], handle: Callable[[list[dict[str, Any]]], object], gap: Callable[[], object]
    ) -> None:
        self._access = access
        self._handle = handle
        self._gap = gap
        self._ended = threading.Event()
        self._pause = FIRST_PAUSE
        self._thread = threading.Thread(target=self._run, name="vsd-events", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def end(self) -> None:
        """Hand on nothing more; the thread ends with the process at the latest."""
        self._ended.set()

    def _run(self) -> None:
        complaint = ""
        while not self._ended.is_set():
            try:
                self._listen()
            except (requests.RequestException, NuageChainError, ValueError, OSError) as e:
                if str(type(e)) != complaint:
                    complaint = str(type(e))
                    logger.warning("VSD's events cannot be read (%s); trying again", type(e).__name__)
                self._ended.wait(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE)
            else:
                complaint = ""

    def _listen(self) -> None:
        """Poll until something fails; returns when it is to end."""
        access = self._access()
        with requests.Session() as session:
            session.trust_env = False
            session.verify = str(access.ca)
            session.auth = (access.user, access.password or "")
            session.headers["X-Nuage-Organization"] = access.organization
            cursor = self._poll(session, access, NO_CURSOR)["uuid"]
            self._pause = FIRST_PAUSE
            self._gap()
            while not self._ended.is_set():
                begin = time.monotonic()
                answer = self._poll(session, access, cursor)
                cursor = answer["uuid"]
                if answer["events"] and not self._ended.is_set():
                    self._handle(answer["events"])
                elif time.monotonic() - begin < SHORTEST_POLL:
                    self._gap()
                    self._ended.wait(FIRST_PAUSE)

    def _poll(self, session: requests.Session, access: Access, cursor: str) -> dict[str, Any]:
        reply = session.get(
            f"{access.base()}events",
            params={"uuid": cursor},
            timeout=(5.0, POLL_SECONDS),
            allow_redirects=False,
        )
        reply.raise_for_status()
        answer = reply.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("events"), list) or "uuid" not in answer:
            raise ValueError("not an answer of the push channel")
        return answer
