from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from nuage_chain.audit.facts import Facts, InVsd, Sighting
from nuage_chain.audit.verdict import Verdict, judge
from nuage_chain.link.sandbox import Sandbox
from nuage_chain.vrs import rows
from nuage_chain.vrs.rows import Port
from nuage_chain.vrs.whole import NOTHING, Parts, Seen
from tests.unit.attachment.samples import a_record

NOW = "this-boot"
WHOLE = Parts(port=True, row=True, vm_row=True)
PORT = Port("veth1", "02:00:00:00:00:01", "alubr0", "ab" * 32, "web", 4)
SEEN = Seen("veth1", "uuid", "ab" * 32, {rows.CALL: "call"}, WHOLE, PORT)
KNOWN = Sighting("nuage", "call", NOW, "/run/netns/c1", PORT, 7, frozenset({"cri"}))
FACTS = Facts(
    key=("c1", "eth0"), network="nuage", host="veth1", boot=NOW, seen=SEEN, parts=WHOLE, sandbox=Sandbox.PEOPLED,
    listed={"cri": True}, switch_answers=True, remembered=KNOWN,
)  # fmt: skip


def verdict(**changes: object) -> Verdict:
    return judge(dataclasses.replace(FACTS, **changes), NOW).verdict  # type: ignore[arg-type]


def test_what_lives_is_kept() -> None:
    assert verdict() is Verdict.KEEP


def test_a_call_under_way_is_left_to_it_whatever_else_is_true() -> None:
    for sandbox, boot, record in itertools.product(Sandbox, (NOW, "old"), (None, a_record())):
        assert verdict(busy=True, sandbox=sandbox, boot=boot, record=record, listed={}) is Verdict.KEEP


def test_what_a_killed_call_left_and_what_is_owed_is_settled() -> None:
    assert verdict(record=a_record()) is Verdict.SETTLE
    assert verdict(record=a_record(verb="DEL", owed=["vsd"], problem="VSD is down.")) is Verdict.SETTLE
    judgement = judge(dataclasses.replace(FACTS, record=a_record(owed=["vsd"], problem="VSD is down.")), NOW)
    assert judgement.why == "owed in vsd: VSD is down."


def test_no_sandbox_outlives_its_kernel_whoever_lists_it() -> None:
    assert verdict(boot="before") is Verdict.STALE_NOW
    assert verdict(boot="") is Verdict.KEEP, "what has no boot written on it is not of another one"


def test_a_namespace_and_veth_that_are_gone_are_stale() -> None:
    assert verdict(sandbox=Sandbox.GONE, listed={"cri": False}) is Verdict.STALE
    assert verdict(sandbox=Sandbox.GONE, listed={"cri": True}) is Verdict.KEEP


def test_a_weak_source_keeps_what_is_there_and_nothing_that_is_gone() -> None:
    for sandbox in Sandbox:
        found = verdict(sandbox=sandbox, listed={"cri": False, "cache": True}, weak=frozenset({"cache"}))
        assert found is (Verdict.STALE if sandbox is Sandbox.GONE else Verdict.KEEP), sandbox
    both = {"cri": True, "cache": True}
    assert verdict(sandbox=Sandbox.GONE, listed=both, weak=frozenset({"cache"})) is Verdict.KEEP


def test_a_namespace_without_a_process_is_stale_only_when_who_listed_it_says_so() -> None:
    held = {"sandbox": Sandbox.HELD}
    assert verdict(**held, listed={"cri": False}) is Verdict.STALE
    assert verdict(**held, listed={"cri": None}) is Verdict.KEEP
    assert verdict(**held, listed={}) is Verdict.KEEP, "its source is away altogether"
    assert verdict(**held, listed={"cri": False, "Docker": None}) is Verdict.KEEP
    assert verdict(**held, listed={"cri": False, "Docker": True}) is Verdict.KEEP
    assert verdict(**held, listed={"cri": False}, remembered=None) is Verdict.KEEP


@pytest.mark.parametrize("listed", [{}, {"cri": None}, {"cri": False, "Kubernetes": None}])
def test_a_kernel_that_cannot_be_asked_and_sources_that_are_silent_make_nothing_stale(
    listed: dict[str, bool | None],
) -> None:
    assert verdict(sandbox=Sandbox.SILENT, listed=listed) is Verdict.KEEP


def test_in_no_combination_does_a_silent_owner_make_a_held_namespace_stale() -> None:
    names = ("cri", "Docker", "Kubernetes")
    tried = 0
    for answers in itertools.product((True, False, None), repeat=3):
        for owners in itertools.chain.from_iterable(itertools.combinations(names, n) for n in range(4)):
            listed = dict(zip(names, answers, strict=True))
            known = dataclasses.replace(KNOWN, listed=frozenset(owners))
            for sandbox in (Sandbox.HELD, Sandbox.PEOPLED, Sandbox.SILENT):
                found = verdict(sandbox=sandbox, listed=listed, remembered=known)
                may_go = sandbox is Sandbox.HELD and owners and set(answers) == {False}
                assert (found is Verdict.STALE) == bool(may_go), (listed, owners, sandbox)
                tried += 1
    assert tried == 27 * 8 * 3


def test_a_cache_that_was_emptied_says_of_no_namespace_that_it_is_dead() -> None:
    known = dataclasses.replace(KNOWN, listed=frozenset({"libcni's cache"}))
    for answer in (False, None):
        listed, weak = {"cri": False, "libcni's cache": answer}, frozenset({"libcni's cache"})
        assert verdict(sandbox=Sandbox.HELD, listed=listed, weak=weak, remembered=known) is Verdict.KEEP


def every_case() -> Iterator[Facts]:
    answers, lone = (True, False, None), InVsd("c1/eth0@node1", "v", "subnets/s")
    cases: Iterator[tuple[Any, ...]] = itertools.product(
        Sandbox, answers, answers, answers, (None, (), ("cri",), ("cri", "docker")), (NOW, "", "before"),
        (WHOLE, NOTHING), (None, lone), ("veth1", ""), (True, False), (True, False), (None, a_record()),
    )  # fmt: skip
    for sandbox, cri, docker, cache, owners, boot, parts, vsd, host, switch, busy, record in cases:
        yield dataclasses.replace(
            FACTS, sandbox=sandbox, listed={"cri": cri, "docker": docker, "cache": cache}, boot=boot,
            weak=frozenset({"cache"}),
            parts=parts, seen=SEEN if parts is WHOLE else None, vsd=vsd, host=host, switch_answers=switch, busy=busy,
            remembered=None if owners is None else dataclasses.replace(KNOWN, listed=frozenset(owners)), record=record,
        )  # fmt: skip


def may_be_stale(facts: Facts) -> bool:
    """What has to be true at least; the rules themselves are not repeated here."""
    strong = {answer for name, answer in facts.listed.items() if name not in facts.weak}
    if True in strong or facts.sandbox is Sandbox.PEOPLED:
        return False
    if facts.sandbox is Sandbox.GONE:
        return True
    nobody_doubts = set(facts.listed.values()) == {False}
    owned = facts.sandbox is Sandbox.HELD and facts.remembered is not None and bool(facts.remembered.listed)
    only_in_vsd = facts.vsd is not None and facts.seen is None and not facts.host and facts.switch_answers
    return nobody_doubts and (owned or only_in_vsd)


def test_in_every_combination_only_that_goes_of_which_nobody_is_in_doubt() -> None:
    found: dict[Verdict, int] = dict.fromkeys(Verdict, 0)
    for facts in every_case():
        made = judge(facts, NOW).verdict
        found[made] += 1
        assert (made is Verdict.KEEP) or not facts.busy, facts
        assert (made is Verdict.SETTLE) == (facts.record is not None and not facts.busy), facts
        if made is Verdict.STALE_NOW:
            assert facts.boot == "before", facts
        if made is Verdict.STALE:
            assert may_be_stale(facts), facts
        if made is Verdict.PUT_BACK:
            assert facts.remembered and facts.parts.missing, facts  # noqa: PT018 - one condition
            lives = facts.sandbox is Sandbox.PEOPLED or True in facts.listed.values()
            assert lives, facts
    assert all(found.values()), found
    assert sum(found.values()) == 4 * 3**3 * 4 * 3 * 2**6


def test_a_live_one_gets_back_what_somebody_deleted() -> None:
    for port, row, vm_row in itertools.product((True, False), repeat=3):
        parts = Parts(port=port, row=row, vm_row=vm_row)
        seen = dataclasses.replace(SEEN, parts=parts, port=None) if port else None
        expected = Verdict.PUT_BACK if parts.missing and any((port, row, vm_row)) else Verdict.KEEP
        assert verdict(parts=parts, seen=seen) is expected, parts


def test_one_of_which_nothing_is_left_was_deleted_by_its_runtime_and_is_not_put_back() -> None:
    nothing = Parts(port=False, row=False, vm_row=False)
    assert verdict(parts=nothing, seen=None) is Verdict.KEEP
    in_vsd = InVsd("c1/eth0@node1", "v", "subnets/s")
    assert verdict(parts=nothing, seen=None, vsd=in_vsd) is Verdict.PUT_BACK, "VSD still has it: no DEL was here"


def test_one_that_was_never_seen_whole_or_is_of_another_boot_is_not_put_back() -> None:
    parts = Parts(port=True, row=False, vm_row=True)
    assert verdict(parts=parts, remembered=None) is Verdict.KEEP
    assert verdict(parts=parts, remembered=dataclasses.replace(KNOWN, boot="before")) is Verdict.KEEP


def test_a_vport_that_the_switch_has_no_port_for_is_stale_unless_somebody_lists_or_fails() -> None:
    lone = {
        "seen": None, "host": "", "boot": "", "remembered": None, "sandbox": Sandbox.SILENT,
        "parts": Parts(port=False, row=False, vm_row=False), "vsd": InVsd("c1/eth0@node1", "v", "subnets/s"),
    }  # fmt: skip
    assert verdict(**lone, listed={"cri": False}) is Verdict.STALE
    assert verdict(**lone, listed={}) is Verdict.STALE
    assert verdict(**lone, listed={"cri": True}) is Verdict.KEEP
    assert verdict(**lone, listed={"cri": None}) is Verdict.KEEP
    assert verdict(**lone, listed={}, switch_answers=False) is Verdict.KEEP


def test_a_live_one_that_lacks_parts_and_was_never_seen_whole_is_told() -> None:
    parts = Parts(port=True, row=False, vm_row=True)
    judgement = judge(dataclasses.replace(FACTS, parts=parts, remembered=None), NOW)
    assert (judgement.verdict, judgement.why) == (Verdict.KEEP, "cri has it; it has no row in Nuage_Port_Table")


def test_one_of_which_nobody_knows_whether_it_lives_gets_nothing_back() -> None:
    """Somebody may have deleted the port just because it is dead."""
    facts = dataclasses.replace(FACTS, parts=Parts(port=False, row=True, vm_row=True), seen=None, listed={})
    judgement = judge(dataclasses.replace(facts, sandbox=Sandbox.HELD), NOW)
    assert judgement.verdict is Verdict.KEEP
    assert judgement.why == "its namespace is there, and cri cannot be asked; it has no port"
