from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nuage_chain.agent import sessions
from nuage_chain.agent.sessions import Sessions
from nuage_chain.deadline import Deadline
from nuage_chain.vsd.access import Access
from tests.unit.vsd.conftest import ScriptedVsd


@pytest.fixture
def vsd() -> Iterator[ScriptedVsd]:
    server = ScriptedVsd()
    yield server
    server.stop()


@pytest.fixture
def access(vsd: ScriptedVsd) -> Access:
    vsd.on("GET", "enterprises", vsd.page([], 0))
    return Access(url=vsd.url, organization="csp", user="csproot", password="s3cret-pass")


def ask(pool: Sessions, access: Access) -> None:
    """What a call does: it closes its session at its end."""
    session = pool.session(access)
    session.get("enterprises", Deadline(5))
    session.close()


def test_one_login_and_one_connection_do_for_many_calls(vsd: ScriptedVsd, access: Access) -> None:
    pool = Sessions()
    for _ in range(3):
        ask(pool, access)
    assert (len(vsd.asks("GET", "me")), len(vsd.asks("GET", "enterprises")), len(pool)) == (1, 3, 1)


def test_another_account_and_a_changed_password_log_in_anew(vsd: ScriptedVsd, access: Access) -> None:
    pool = Sessions()
    for one in (access, replace(access, user="other"), replace(access, password="changed"), access):
        ask(pool, one)
    assert (len(vsd.asks("GET", "me")), len(pool)) == (3, 3)


def test_a_certificate_that_was_renewed_under_its_name_is_read_again(access: Access, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    pool, with_ca = Sessions(), replace(access, ca=ca)
    ca.write_text("first")
    first = pool.session(with_ca)
    assert pool.session(with_ca) is first
    (tmp_path / "new").write_text("second")
    (tmp_path / "new").rename(ca)
    assert pool.session(with_ca) is not first


def test_only_so_many_sessions_are_kept_and_the_one_used_longest_ago_goes(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "KEPT", 2)
    pool = Sessions()
    one, two, three = (replace(access, user=name) for name in ("1", "2", "3"))
    first = pool.session(one)
    second = pool.session(two)
    assert pool.session(one) is first
    pool.session(three)
    assert [pool.session(one) is first, pool.session(two) is second, len(pool)] == [True, False, 2]


def test_a_session_that_nobody_uses_is_closed(access: Access) -> None:
    now = [0.0]
    pool = Sessions(lambda: now[0])
    first = pool.session(access)
    now[0] = 500
    pool.sweep()
    assert pool.session(access) is first
    now[0] = 1200
    pool.sweep()
    assert len(pool) == 0
