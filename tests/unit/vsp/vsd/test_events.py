from __future__ import annotations

import threading
import uuid

from nuage_chain.vsp.vsd.events import Event, EventLog


def numbered(*numbers: int, enterprise: str | None = None) -> list[Event]:
    return [Event(enterprise, {"number": number}) for number in numbers]


def seen(log: EventLog, cursor: str | None, enterprise: str | None = None) -> list[int]:
    return [event.body["number"] for event in log.since(cursor, enterprise, 0)[0]]


def test_a_cursor_is_a_uuid_that_continues_where_it_was_given() -> None:
    log = EventLog()
    _, cursor = log.since(None, None, 0)
    assert str(uuid.UUID(cursor)) == cursor
    log.publish(numbered(1, 2))
    assert seen(log, cursor) == [1, 2]
    _, later = log.since(cursor, None, 0)
    log.publish(numbered(3))
    assert seen(log, later) == [3]
    assert seen(log, cursor) == [1, 2, 3]


def test_a_cursor_that_means_nothing_here_gets_a_fresh_one_at_once() -> None:
    log = EventLog(kept=2)
    _, old = log.since(None, None, 0)
    log.publish(numbered(1, 2, 3))
    foreign = EventLog().since(None, None, 0)[1]
    for cursor in (old, foreign, "nonsense", str(uuid.uuid4())):
        events, fresh = log.since(cursor, None, 60)
        assert events == []
        log.publish(numbered(4))
        assert seen(log, fresh) == [4]


def test_tenants_get_their_own_events_only() -> None:
    log = EventLog()
    _, cursor = log.since(None, None, 0)
    log.publish([*numbered(1, enterprise="acme"), *numbered(2, enterprise="other"), *numbered(3)])
    assert seen(log, cursor, "acme") == [1]
    assert seen(log, cursor) == [1, 2, 3]


def test_closing_sends_everybody_home() -> None:
    log = EventLog()
    waiting = threading.Thread(target=lambda: log.since(None, None, 60))
    waiting.start()
    log.close()
    waiting.join(5)
    assert not waiting.is_alive()
