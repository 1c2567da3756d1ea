from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import VsdUnreachable
from nuage_chain.vsd.once import Accounts

if TYPE_CHECKING:
    from nuage_chain.vsd.access import Access
    from tests.unit.vsd.conftest import ScriptedVsd


def ask(accounts: Accounts, access: Access, path: str = "zones") -> None:
    accounts.session(access).get(path, Deadline(5))


def test_an_account_without_any_answer_is_not_asked_again(vsd: ScriptedVsd, access: Access) -> None:
    vsd.on("GET", "me", vsd.drop())
    accounts = Accounts()
    begun = accounts.session(access)
    with pytest.raises(VsdUnreachable) as first:
        begun.get("zones", Deadline(5))
    asked = len(vsd.asked)
    with pytest.raises(VsdUnreachable) as second:
        begun.get("zones", Deadline(5))
    with pytest.raises(VsdUnreachable) as third:
        ask(accounts, access)
    assert first.value.message == second.value.message == third.value.message
    assert len(vsd.asked) == asked


def test_another_account_and_another_piece_of_work_are_not_given_up_for_it(vsd: ScriptedVsd, access: Access) -> None:
    vsd.on("GET", "zones", vsd.page([], 0))
    accounts = Accounts()
    with pytest.raises(VsdUnreachable):
        ask(accounts, replace(access, url="http://127.0.0.1:9"))
    ask(accounts, access)
    vsd.on("GET", "me", vsd.drop(), vsd.drop(), vsd.reply(200, [{"APIKey": "key"}]))
    with pytest.raises(VsdUnreachable):
        ask(accounts, access)
    ask(Accounts(), access)


@pytest.mark.parametrize("fault", ["dropped", "failed"])
def test_one_object_that_vsd_cannot_tell_of_gives_up_no_account(vsd: ScriptedVsd, access: Access, fault: str) -> None:
    vsd.on("GET", "zones/1", vsd.drop() if fault == "dropped" else vsd.reply(500))
    vsd.on("GET", "zones", vsd.page([], 0))
    accounts = Accounts()
    with pytest.raises(VsdUnreachable):
        ask(accounts, access, "zones/1")
    ask(accounts, access)
