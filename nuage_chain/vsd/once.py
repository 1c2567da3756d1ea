"""Sessions for work of many parts, such as an audit: a VSD that is silent is waited for once, and not by each part."""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdUnreachable
from nuage_chain.exchange import Reply
from nuage_chain.vsd.access import Access
from nuage_chain.vsd.session import Session


class Accounts:
    """Those of one piece of work. One that a session had no usable answer from at all is not asked again.

    An answer that is lost after another has come gives up nobody: it may be about one object only.
    """

    def __init__(self) -> None:
        self._silent: dict[Access, VsdUnreachable] = {}

    def session(self, access: Access) -> Session:
        """A session of its own. Raises BadConfig, and VsdUnreachable in the words of the first time."""
        self.check(access)
        return _Watched(access, self)

    def check(self, access: Access) -> None:
        """Raises VsdUnreachable where that account is not to be asked again."""
        first = self._silent.get(access)
        if first is not None:
            raise VsdUnreachable(first.message, hint=first.hint)

    def give_up(self, access: Access, why: VsdUnreachable) -> None:
        """From here on it is not asked again."""
        self._silent[access] = why


class _Watched(Session):
    """Tells the accounts when nothing at all was answered."""

    def __init__(self, access: Access, accounts: Accounts) -> None:
        super().__init__(access)
        self._accounts = accounts
        self._answered = False

    def _send_as_is(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None, deadline: Deadline
    ) -> Reply:
        self._accounts.check(self.access)
        try:
            reply = super()._send_as_is(method, path, headers, body, deadline)
        except VsdUnreachable as e:
            if not self._answered:
                self._accounts.give_up(self.access, e)
            raise
        self._answered = True
        return reply
