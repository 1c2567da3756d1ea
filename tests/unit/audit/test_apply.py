from __future__ import annotations

import dataclasses

from nuage_chain.attachment.state import World
from nuage_chain.audit import apply
from nuage_chain.audit.facts import Facts
from nuage_chain.audit.plan import Action, Kind
from nuage_chain.deadline import Deadline
from tests.unit.attachment.samples import a_record
from tests.unit.audit.test_inventory import NETWORKS, NODE
from tests.unit.audit.test_verdict import FACTS

WITHOUT_TIME = dataclasses.replace(NETWORKS, node=dataclasses.replace(NODE, values={**NODE.values, "timeout": 30}))


def an_action(container: str, **changes: object) -> Action:
    facts: Facts = dataclasses.replace(FACTS, key=(container, "eth0"), **changes)  # type: ignore[arg-type]
    return Action(Kind.SETTLE, facts, (), "")


def order(now: float, *actions: Action) -> list[str]:
    """In which it would work on them, had it any time."""
    done = apply.carry_out(actions, WITHOUT_TIME, World("node1", clock=lambda: now), Deadline(0))
    assert {d.outcome for d in done} == {"skipped"}
    return [d.action.facts.key[0] for d in done]


def test_debts_come_last_and_begin_with_another_one_at_each_run() -> None:
    """Those that can never be paid must not take the time of the others."""
    debts = [an_action(name, record=a_record(owed=["vsd"])) for name in ("d1", "d2", "d3")]
    others = [an_action("dead"), an_action("killed", record=a_record())]
    first = [debts[0], others[0], debts[1], others[1], debts[2]]
    assert order(0, *first) == ["dead", "killed", "d1", "d2", "d3"]
    assert order(300, *first) == ["dead", "killed", "d2", "d3", "d1"]
    assert order(600, *first) == ["dead", "killed", "d3", "d1", "d2"]
