"""VSD fails in every way at every request of an ADD and of a DEL; nothing is left of it, and no runtime is stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.attachment.inprocess import answer
from tests.integration.faults import proxy as faults
from tests.integration.faults.proxy import Fault, Proxy, proxied
from tests.integration.lab import NOTHING, Lab

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

# Those of 409 are VSD's own codes for what is in the way (shared/contracts/vsd-rest.md 1.7, 2.7).
FAULTS: dict[str, Fault] = {
    "401": faults.says(401),
    "403": faults.says(403, b"{}"),
    "409 exists": faults.refuses(2510),
    "409 UUID exists": faults.refuses(2748),
    "409 address in use": faults.refuses(2704),
    "409 nothing changed": faults.refuses(2039),
    "409 still attached": faults.refuses(7010),
    "409 unknown": faults.refuses(9999),
    "500": faults.says(500, b"<html>oops</html>"),
    "503": faults.says(503),
    "garbage": faults.says(200, b"\x00\xff{not json"),
    "an empty list": faults.says(200, b"[]"),
    "nothing": faults.silent(0),
    "an answer that is lost": faults.loses_the_answer,
    "slowly": faults.slow(0.5),
    "never": faults.silent(2.5),
}
TAKE_TIME = ("slowly", "never")
REQUESTS = (
    ("POST .*/vports", 1), ("POST .*/containers", 1), ("GET .*/me", 1), ("GET .*/subnets", 1),
    ("POST .*/containers", 99), ("GET .*/me", 99),
)  # fmt: skip
DELETES = ("DELETE .*/containers/", "DELETE .*/vports/")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture
def broken(lab: Lab, authority: Path) -> Iterator[Proxy]:
    with proxied(lab.access, authority) as started:
        yield started


def entry_of(lab: Lab, broken: Proxy, previous: dict[str, Any] | None = None, timeout: int = 2) -> dict[str, Any]:
    vsd = {"url": broken.url, "verify": False}
    return lab.entry(previous, vsd=vsd, timeout=timeout)


@pytest.mark.parametrize(("which", "times"), REQUESTS)
def test_an_add_through_every_fault_of_vsd_is_there_or_leaves_nothing(
    lab: Lab, broken: Proxy, which: str, times: int, tell: Callable[[str], None]
) -> None:
    there, not_there = 0, 0
    for number, (name, fault) in enumerate(FAULTS.items()):
        if name in TAKE_TIME and (which, times) != REQUESTS[0]:
            continue
        one = lab.container(f"vsd{number}")
        previous = lab.veth(one)
        before = lab.left()
        broken.breaks(which, fault, times)
        done = answer(lab, "ADD", one, entry_of(lab, broken, previous))
        broken.times = 0
        if done.status == 0:
            there += 1
            assert one.pings("10.10.1.1"), name
        else:
            not_there += 1
            assert done.document["code"] in (11, 100, 102, 7), (name, done.document)
            # What its own rollback could not clean up is owed, and nothing else.
            assert lab.left()["ports"] == 0, name
            if not lab.journal.records():
                lab.settle(before)
        assert answer(lab, "DEL", one, entry_of(lab, broken)).status == 0
        lab.unveth(one)
        lab.remove(one)
        lab.settle(NOTHING)
    tell(f"VSD failing at {which}, {'once' if times == 1 else 'always'}: {there} ADDs there, {not_there} not there")
    assert there + not_there > 10


@pytest.mark.parametrize("which", DELETES)
def test_a_delete_through_every_fault_of_vsd_succeeds_and_is_completed_by_the_next(
    lab: Lab, broken: Proxy, which: str, tell: Callable[[str], None]
) -> None:
    owed = 0
    chosen = [name for name in FAULTS if which == DELETES[0] or name not in TAKE_TIME]
    for number, name in enumerate(chosen):
        one = lab.container(f"del{number}")
        previous = lab.veth(one)
        assert answer(lab, "ADD", one, entry_of(lab, broken, previous, 20)).status == 0, name
        broken.breaks(which, FAULTS[name], 99)
        assert answer(lab, "DEL", one, entry_of(lab, broken)).status == 0, name
        broken.times = 0
        assert lab.left()["ports"] == 0
        owed += len(lab.journal.debts())
        assert answer(lab, "DEL", one, entry_of(lab, broken, timeout=20)).status == 0, name
        lab.unveth(one)
        lab.remove(one)
        lab.settle(NOTHING)
    tell(f"VSD failing at {which}: {len(chosen)} DELs succeeded, {owed} of them with a debt that the next one paid")
    assert owed
