"""A session with VSD: the verbs of its REST API with the rules that real clients had to learn (predecessors.md 8.2)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError, VsdRefused, VsdReplyLost
from nuage_chain.exchange import Reply
from nuage_chain.vsd import replies
from nuage_chain.vsd.access import Access
from nuage_chain.vsd.channel import Channel
from nuage_chain.vsd.known import Known
from nuage_chain.vsd.login import Login
from nuage_chain.vsd.paging import Pages
from nuage_chain.vsd.values import has_control_character, quoted

__all__ = ["Access", "Session"]

KEY_REFUSED = (401, 419)
NO_CONTENT = 204
NOT_FOUND = 404
MULTIPLE_CHOICES = 300
NOTHING_CHANGED = 2039
STILL_ATTACHED = 7010
LONGEST_PAUSE = 2.0


class Session:
    """One account at one VSD. Logs in when it first has to; may be used by several threads. known: found by name.

    headers: sent with every request besides VSD's own. clock: seconds since the epoch. sleep: waits so many seconds.

    Every method raises VsdUnreachable, VsdNotVerified, VsdLoginRefused, VsdRefused or DeadlineExceeded. Paths are
    relative to the API's root: `enterprises`, `subnets/<id>/vports`.
    """

    def __init__(
        self,
        access: Access,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        access.check()
        self.access = access
        self.known = Known()
        self._headers: dict[str, str | bytes] = {
            "Content-Type": "application/json",
            # Names may be in any script; http.client would insist on Latin-1.
            "X-Nuage-Organization": access.organization.encode(),
            **headers,
        }
        # Not with the login: VSD would hand out the key of the user that is acted for, which is of no use to us.
        self._acting = {} if access.proxy_user is None else {"X-Nuage-ProxyUser": access.proxy_user.encode()}
        self._channel = Channel(access, sleep)
        self._login = Login(access, self._send_as_is, clock)

    def get(
        self,
        path: str,
        deadline: Deadline,
        *,
        filter: str | None = None,  # noqa: A002 - VSD's word
        at_most: int | None = None,
    ) -> list[dict[str, Any]]:
        """The objects at `path`, all pages of them, or the first `at_most`; [] where there are none.

        What is there all the time is listed, whatever others make and delete meanwhile.

        filter: a predicate as in vsd-rest.md 1.5; values in it have to be quoted (values.quoted).
        """
        pages = Pages()
        while at_most is None or len(pages.found) < at_most:
            reply = self._call("GET", path, deadline, headers=_page_headers(pages, filter))
            self._insist(reply, f"GET {path}")
            entries = replies.objects(reply, f"GET {path} at VSD {self.access.url}")
            # VSD counts lists; a single object comes without a count.
            if not pages.take(entries, replies.count(reply)):
                break
        return list(pages.found.values())[:at_most]

    def create(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> dict[str, Any]:
        """The object that VSD made of `body`, sent once only.

        Where the answer is lost it is looked up by its externalID. Raises VsdReplyLost where that does not tell
        either; it may then exist.
        """
        what = f"POST {path}"
        try:
            reply = self._call("POST", path, deadline, body=body)
            self._insist(reply, what)
            made = replies.objects(reply, f"{what} at VSD {self.access.url}")
            if len(made) != 1 or "ID" not in made[0]:
                raise VsdReplyLost(f"VSD at {self.access.url} answered {what} without the object it made.")
        except VsdReplyLost as lost:
            return self._look_up(path, body, deadline, lost)
        return made[0]

    def update(self, path: str, body: Mapping[str, Any], deadline: Deadline) -> None:
        """Change the attributes in `body`; that none of them differs (2039) is a success."""
        reply = self._call("PUT", path, deadline, body=body)
        if replies.internal_code(reply) != NOTHING_CHANGED:
            self._insist(reply, f"PUT {path}")

    def assign(self, path: str, ids: Sequence[str], deadline: Deadline) -> None:
        """Make `ids` the whole set of members at `path`, as `vports/<id>/policygroups`."""
        reply = self._call("PUT", path, deadline, body=list(ids))
        if replies.internal_code(reply) != NOTHING_CHANGED:
            self._insist(reply, f"PUT {path}")

    def delete(self, path: str, deadline: Deadline) -> None:
        """Delete what is at `path`; that it is not there is a success.

        A vPort that is still attached (7010) is tried again until the deadline.
        """
        pause = 0.1
        while True:
            reply = self._call("DELETE", path, deadline)
            if reply.status == MULTIPLE_CHOICES:
                reply = self._call("DELETE", f"{path}?responseChoice=1", deadline)
            if reply.status == NOT_FOUND:
                return
            attached = replies.internal_code(reply) == STILL_ATTACHED
            if not attached or not self._channel.pause(pause, deadline, f"DELETE {path}"):
                self._insist(reply, f"DELETE {path}")
                if reply.status != NO_CONTENT:
                    # Whatever says so is not VSD (a proxy, a page to log in): the object is taken to be there still.
                    raise VsdReplyLost(
                        f"VSD at {self.access.url} answered DELETE {path} with {reply.status}, not {NO_CONTENT}."
                    )
                return
            pause = min(pause * 2, LONGEST_PAUSE)

    def close(self) -> None:
        """Close the connections."""
        self._channel.close()

    def _call(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        *,
        body: object = None,
        headers: Mapping[str, str | bytes] = MappingProxyType({}),
    ) -> Reply:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._acting, **headers}
        key = self._login.header(deadline)
        reply = self._send_as_is(method, path, {**headers, "Authorization": key}, data, deadline)
        if reply.status not in KEY_REFUSED:
            return reply
        key = self._login.after_refusal(key, deadline)
        reply = self._send_as_is(method, path, {**headers, "Authorization": key}, data, deadline)
        if reply.status in KEY_REFUSED:
            raise self._login.refused(replies.description(reply))
        return reply

    def _send_as_is(
        self, method: str, path: str, headers: Mapping[str, str | bytes], body: bytes | None, deadline: Deadline
    ) -> Reply:
        return self._channel.send(method, path, {**self._headers, **headers}, body, deadline)

    def _insist(self, reply: Reply, what: str) -> None:
        """Raises VsdRefused unless the request succeeded."""
        if reply.status in (301, 302, 303, 307, 308):
            raise VsdRefused(
                f"{self.access.url} answered {what} with a redirection ({reply.status}), which is not followed.",
                status=reply.status,
                hint="Set vsd.url to VSD's own address.",
            )
        if not 200 <= reply.status < 300:
            raise replies.refusal(reply, f"{what} at {self.access.url}")

    def _look_up(self, path: str, body: Mapping[str, Any], deadline: Deadline, lost: VsdReplyLost) -> dict[str, Any]:
        """The object that a POST with a lost answer made, if it is certain that it did."""
        external_id = body.get("externalID")
        if not external_id:
            raise _perhaps_made(lost, f"its name is {body.get('name')!r}") from lost
        try:
            listed = self.get(path, deadline, filter=f"externalID == {quoted(external_id)}")
        except NuageChainError as error:
            raise _perhaps_made(lost, f"its externalID is {external_id!r}") from error
        found = [entry for entry in listed if entry.get("externalID") == external_id]
        if len(found) != 1 or not replies.agrees(found[0], body):
            raise _perhaps_made(lost, f"its externalID is {external_id!r}") from lost
        return found[0]


def _page_headers(pages: Pages, filter: str | None) -> dict[str, str | bytes]:  # noqa: A002 - VSD's word
    headers: dict[str, str | bytes] = {"X-Nuage-Page": str(pages.number), "X-Nuage-PageSize": str(pages.size)}
    if filter is not None:
        if has_control_character(filter):
            raise BadConfig(f"The filter {filter!r} for VSD has a control character.")
        headers |= {"X-Nuage-Filter": filter.encode(), "X-Nuage-FilterType": "predicate"}
    return headers


def _perhaps_made(lost: VsdReplyLost, known: str) -> VsdReplyLost:
    return VsdReplyLost(
        f"{lost.message.rstrip('.')}. Whether the object was made is not known; {known}.", hint=lost.hint
    )
