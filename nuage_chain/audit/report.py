"""The plan and what became of it, for a person and as JSON (docs/audit.md tells the fields)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nuage_chain.audit.apply import Done
from nuage_chain.audit.facts import Facts
from nuage_chain.audit.plan import Plan, parts_of


def rows_of(plan: Plan, done: Sequence[Done] = ()) -> list[list[str]]:
    """A line for each attachment that something is or will be done with: what, container, interface, parts, why."""
    outcomes = {id(d.action): d for d in done}
    lines = []
    for action in plan.actions:
        ended = outcomes.get(id(action))
        what, why = action.kind.value, action.why
        if ended is not None and ended.outcome != "done":
            what, why = f"{what}: {ended.outcome}", ended.why
        lines.append([what, *_who(action.facts), ", ".join(action.what), why])
    for one in plan.waiting:
        # Where the grace time is over, a second sighting is what it still needs.
        what = f"wait {one.seconds:.0f} s" if one.seconds else "wait"
        lines.append([what, *_who(one.facts), ", ".join(parts_of(one.facts)), one.why])
    return lines


def document(plan: Plan, done: Sequence[Done] = ()) -> dict[str, Any]:
    """The same as JSON."""
    outcomes = {id(d.action): d for d in done}
    actions = []
    for action in plan.actions:
        ended = outcomes.get(id(action))
        actions.append(
            {
                "action": action.kind.value,
                **_names(action.facts),
                "parts": list(action.what),
                "why": action.why,
                **({"outcome": ended.outcome, "problem": ended.why} if ended else {}),
            }
        )
    return {
        "plan": plan.hash,
        "actions": actions,
        "waiting": [{**_names(w.facts), "why": w.why, "seconds": round(w.seconds)} for w in plan.waiting],
        "kept": [{**_names(facts), "why": why} for facts, why in plan.kept],
        "unknown": list(plan.unknown),
        "problems": list(plan.problems),
    }


def _who(facts: Facts) -> list[str]:
    return [facts.network or "-", facts.key[0], facts.key[1]]


def _names(facts: Facts) -> dict[str, str]:
    return {"network": facts.network, "container": facts.key[0], "ifname": facts.key[1], "port": facts.host}
