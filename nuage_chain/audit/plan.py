"""What the audit would do, and why: a list of actions, what still has to wait, and a hash of it all."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nuage_chain.audit.facts import Facts, Key
from nuage_chain.audit.memory import Memory
from nuage_chain.audit.verdict import Verdict, judge
from nuage_chain.vrs import rows

GRACE_SECONDS = 600.0


class Kind(enum.Enum):
    """What an action does."""

    REMOVE = "remove"
    SETTLE = "settle"
    PUT_BACK = "put back"


@dataclass(frozen=True)
class Action:
    """One attachment, and what is done with it. what: of which parts."""

    kind: Kind
    facts: Facts
    what: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Waiting:
    """One that looks stale, but not for long enough. seconds: that are left of the grace time."""

    facts: Facts
    why: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    """problems: what could not be asked, a sentence each. suspects: what the memory has to hold of them.

    unknown: names of rows without a port of which nobody knows whose they are.
    """

    actions: Sequence[Action] = ()
    waiting: Sequence[Waiting] = ()
    kept: Sequence[tuple[Facts, str]] = ()
    problems: Sequence[str] = ()
    suspects: Mapping[Key, float] = field(default_factory=dict)
    unknown: Sequence[str] = ()

    @property
    def hash(self) -> str:
        """Of the actions alone: it changes when the world does, and not by time going on."""
        stable = [[a.kind.value, *a.facts.key, a.facts.network, _call(a.facts), *a.what] for a in self.actions]
        return hashlib.sha256(json.dumps(stable).encode()).hexdigest()[:16]


def plan(
    judged: Iterable[Facts], memory: Memory, *, boot: str, now: float, grace: float, problems: Sequence[str] = ()
) -> Plan:
    """now: seconds since the boot `boot`; what the memory counted in another boot counts for nothing."""
    before = memory.suspects if memory.boot == boot else {}
    made = Plan(problems=problems)
    actions, waiting, kept, suspects = [], [], [], {}
    for facts in judged:
        judgement = judge(facts, boot)
        why, verdict = judgement.why, judgement.verdict
        if verdict is Verdict.KEEP:
            kept.append((facts, why))
        elif verdict is Verdict.STALE:
            again = facts.key in before and not _another(facts)
            first = min(before[facts.key], now) if again else now
            suspects[facts.key] = first
            if again and now - first >= grace:
                actions.append(Action(Kind.REMOVE, facts, parts_of(facts), why))
            else:
                waiting.append(Waiting(facts, why, max(first + grace - now, 0.0)))
        else:
            actions.append(Action(_KINDS[verdict], facts, parts_of(facts), why))
    return dataclasses.replace(made, actions=actions, waiting=waiting, kept=kept, suspects=suspects)


_KINDS = {Verdict.STALE_NOW: Kind.REMOVE, Verdict.SETTLE: Kind.SETTLE, Verdict.PUT_BACK: Kind.PUT_BACK}


def parts_of(facts: Facts) -> tuple[str, ...]:
    """What there is of it, by name."""
    there = {
        "port": facts.parts.port,
        "rows": facts.parts.row or facts.parts.vm_row,
        "VSD": facts.vsd is not None or bool(facts.seen and rows.VPORT in facts.seen.marks),
        "journal": facts.record is not None,
        "link": facts.linked,
    }
    return tuple(name for name, has in there.items() if has)


def summary(made: Plan, at_most: int = 5) -> str:
    """The actions in a line."""
    said = [f"{a.kind.value} {a.facts.key[1]} of container {a.facts.key[0]}" for a in made.actions[:at_most]]
    more = [f"{len(made.actions) - at_most} more"] if len(made.actions) > at_most else []
    return ", ".join(said + more) or "nothing"


def _another(facts: Facts) -> bool:
    """Whether it is not the attachment that was seen before: a container that was started again has the same names."""
    return facts.seen is not None and facts.remembered is not None and facts.remembered.call != _call(facts)


def _call(facts: Facts) -> str:
    return facts.seen.marks.get(rows.CALL, "") if facts.seen else ""
