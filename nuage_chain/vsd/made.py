"""What a call has made in VSD so far, so that it can be removed when the call fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError, VsdReplyLost
from nuage_chain.vsd.listed import listed
from nuage_chain.vsd.replies import agrees
from nuage_chain.vsd.session import Session
from nuage_chain.vsd.values import quoted


@dataclass(frozen=True)
class _Entry:
    """id: None where the answer to the POST of `body` was lost."""

    path: str
    id: str | None
    body: Mapping[str, Any]

    @property
    def collection(self) -> str:
        return self.path.rsplit("/", 1)[-1]


class Made:
    """Creates objects and remembers them in order."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: list[_Entry] = []

    def create(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """As Session.create; an object whose making is in doubt is remembered by its externalID."""
        try:
            one = self._session.create(path, body, deadline)
        except BaseException as error:
            # What VSD refused was not made; a lost answer or a signal leaves it open.
            if isinstance(error, VsdReplyLost) or not isinstance(error, NuageChainError):
                self._made.append(_Entry(path, None, body))
            raise
        self._made.append(_Entry(path, str(one["ID"]), body))
        return one

    def __bool__(self) -> bool:
        """Whether something that was made, or may have been, is still there."""
        return bool(self._made)

    def remove_all(self, deadline: Deadline) -> list[str]:
        """Removes all that was made, the last first, past every error; returns a sentence for what stays behind."""
        problems = []
        for entry in reversed(list(self._made)):
            try:
                for made_id in self._ids(entry, deadline):
                    self._session.delete(f"{entry.collection}/{made_id}", deadline)
                self._made.remove(entry)
            except NuageChainError as problem:
                what = f"{entry.collection} {entry.id or entry.body.get('externalID')}"
                problems.append(f"Besides, {what} could not be removed from VSD: {problem.message}")
        return problems

    def _ids(self, entry: _Entry, deadline: Deadline) -> list[str]:
        """Of an object whose making is in doubt: only where VSD has it exactly as it was sent.

        A container of the same externalID may be the one that an earlier interface of this workload needs.
        """
        if entry.id is not None:
            return [entry.id]
        external_id = entry.body.get("externalID")
        if not external_id:
            return []
        there = listed(self._session, entry.path, deadline, filter=f"externalID == {quoted(external_id)}")
        return [str(one["ID"]) for one in there if "ID" in one and agrees(one, entry.body)]
