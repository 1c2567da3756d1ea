from __future__ import annotations

import dataclasses
from pathlib import Path

from nuage_chain.audit import report
from nuage_chain.audit.apply import Done
from nuage_chain.audit.plan import Action, Kind, Plan, Waiting
from nuage_chain.vrs.whole import NOTHING
from tests.unit.audit.test_verdict import FACTS

DOCUMENTATION = (Path(__file__).parents[3] / "docs" / "audit.md").read_text()
ACTION = Action(Kind.REMOVE, FACTS, ("port", "rows"), "gone")
PLAN = Plan(
    [ACTION], [Waiting(FACTS, "gone", 12.4), Waiting(FACTS, "gone", 0.0)], [(FACTS, "cri has it")], ["a"], {}, ["tap7"]
)
NAMES = {"network": "nuage", "container": "c1", "ifname": "eth0", "port": "veth1"}


def test_a_plan_as_json_tells_what_is_done_what_waits_and_what_is_kept() -> None:
    assert report.document(PLAN) == {
        "plan": PLAN.hash,
        "actions": [{"action": "remove", **NAMES, "parts": ["port", "rows"], "why": "gone"}],
        "waiting": [{**NAMES, "why": "gone", "seconds": 12}, {**NAMES, "why": "gone", "seconds": 0}],
        "kept": [{**NAMES, "why": "cri has it"}],
        "unknown": ["tap7"],
        "problems": ["a"],
    }


def test_what_was_done_has_its_outcome() -> None:
    document = report.document(PLAN, [Done(ACTION, "skipped", "A call for it is under way.")])
    [action] = document["actions"]
    assert (action["outcome"], action["problem"]) == ("skipped", "A call for it is under way.")
    [line, *_] = report.rows_of(PLAN, [Done(ACTION, "skipped", "A call for it is under way.")])
    assert line == ["remove: skipped", "nuage", "c1", "eth0", "port, rows", "A call for it is under way."]


def test_every_field_is_in_the_documentation() -> None:
    document = report.document(PLAN, [Done(ACTION, "done")])
    entries = [entry for kind in ("actions", "waiting", "kept") for entry in document[kind]]
    for field in {*document, *(name for entry in entries for name in entry)}:
        assert f"`{field}`" in DOCUMENTATION, field


def test_what_waits_says_for_how_long_and_what_would_go() -> None:
    [_, waits, next_time] = report.rows_of(PLAN)
    assert (waits[0], waits[4]) == ("wait 12 s", "port, rows")
    assert next_time[0] == "wait", "the grace time is over, but it was seen once only"
    nothing = dataclasses.replace(FACTS, parts=NOTHING, network="")
    assert report.rows_of(Plan(waiting=[Waiting(nothing, "gone", 1.0)]))[0][1] == "-"
