"""Lists of objects that may have gone together with the one that they are under."""

from __future__ import annotations

from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdRefused
from nuage_chain.vsd.session import Session


def listed(
    session: Session,
    path: str,
    deadline: Deadline,
    *,
    filter: str | None = None,  # noqa: A002 - VSD's word
    at_most: int | None = None,
) -> list[dict[str, Any]]:
    """As Session.get; nothing where VSD answers 404: what was under an object has gone with it."""
    try:
        return session.get(path, deadline, filter=filter, at_most=at_most)
    except VsdRefused as refused:
        if not refused.not_found:
            raise
        return []
