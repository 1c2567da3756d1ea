"""What has to happen with an attachment: one pure function of the facts, as a list of rules, the first that fits.

It may only ever err on keeping (field notes: garbage collection that was too eager). A source that fails, or answers
empty, is no evidence of anything.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from nuage_chain.attachment.record import ADD
from nuage_chain.audit.facts import Facts
from nuage_chain.link.sandbox import Sandbox


class Verdict(enum.Enum):
    """SETTLE: finish what the journal tells of. PUT_BACK: a live one lacks parts. STALE: gone once the grace is over.

    STALE_NOW: left by another boot, which no grace brings back.
    """

    KEEP = "keep"
    SETTLE = "settle"
    PUT_BACK = "put back"
    STALE = "stale"
    STALE_NOW = "stale now"


@dataclass(frozen=True)
class Judgement:
    """A verdict and why, as a clause."""

    verdict: Verdict
    why: str


def judge(facts: Facts, boot: str) -> Judgement:
    """boot: the ID of the boot that runs now."""
    return next(judgement for rule in _RULES if (judgement := rule(facts, boot)) is not None)


def _busy(facts: Facts, _boot: str) -> Judgement | None:
    return Judgement(Verdict.KEEP, "a call is under way") if facts.busy else None


def _journal(facts: Facts, _boot: str) -> Judgement | None:
    record = facts.record
    if record is None:
        return None
    if record.owed:
        return Judgement(Verdict.SETTLE, f"owed in {', '.join(record.owed)}: {record.problem}")
    what = "added" if record.verb == ADD else "deleted"
    return Judgement(Verdict.SETTLE, f"the call that {what} it was killed")


def _other_boot(facts: Facts, boot: str) -> Judgement | None:
    """No sandbox outlives its kernel, whatever an orchestrator still lists."""
    if facts.boot in ("", boot):
        return None
    return Judgement(Verdict.STALE_NOW, "left by a boot before this one")


def _alive(facts: Facts, _boot: str) -> Judgement | None:
    listed = _listed(facts)
    if listed:
        return _lives(facts, f"{' and '.join(listed)} has it" if len(listed) == 1 else f"{', '.join(listed)} have it")
    return _lives(facts, facts.sandbox.value) if facts.sandbox is Sandbox.PEOPLED else None


def _unknown(facts: Facts, _boot: str) -> Judgement | None:
    """Where its links are is known from the switch."""
    why = facts.sandbox.value if facts.switch_answers else "OVSDB cannot be asked"
    return Judgement(Verdict.KEEP, why) if facts.sandbox is Sandbox.SILENT else None


def _gone(facts: Facts, _boot: str) -> Judgement | None:
    return Judgement(Verdict.STALE, facts.sandbox.value) if facts.sandbox is Sandbox.GONE else None


def _only_in_vsd(facts: Facts, _boot: str) -> Judgement | None:
    """Nothing on this node can use a vPort that the switch has no port for; the sandbox is not known."""
    if facts.seen is not None or facts.host or facts.vsd is None:
        return None
    if not facts.switch_answers or _silent(facts):
        return Judgement(Verdict.KEEP, "not every source can be asked")
    return Judgement(Verdict.STALE, "the switch has no port of it, and nobody lists it")


def _held(facts: Facts, _boot: str) -> Judgement:
    """The namespace is there without a process: only who has listed it before can say that it is dead.

    Not a cache, whose files anybody may have deleted.
    """
    owners = sorted(facts.remembered.listed - facts.weak) if facts.remembered else []
    silent = [name for name in owners if facts.listed.get(name) is None]
    if not owners:
        return _may_live(facts, f"{facts.sandbox.value}, and nobody who could know says that it ended")
    if silent:
        return _may_live(facts, f"{facts.sandbox.value}, and {', '.join(silent)} cannot be asked")
    # Also one that never listed it must not have failed.
    if _silent(facts):
        return _may_live(facts, f"{facts.sandbox.value}, and not every source can be asked")
    return Judgement(Verdict.STALE, f"{', '.join(owners)} does not have it any more")


_RULES: tuple[Callable[[Facts, str], Judgement | None], ...] = (
    _busy, _journal, _other_boot, _alive, _only_in_vsd, _unknown, _gone, _held,
)  # fmt: skip


def _listed(facts: Facts) -> list[str]:
    """Who has it, and would know: `ctr run --detach` leaves every container in libcni's cache for ever."""
    none = facts.weak if facts.sandbox is Sandbox.GONE else frozenset()
    return sorted(name for name, has in facts.listed.items() if has and name not in none)


def _silent(facts: Facts) -> bool:
    return any(answer is None for answer in facts.listed.values())


def _lives(facts: Facts, why: str) -> Judgement:
    """A live one whose parts somebody has deleted gets them back; one of which nothing is left was deleted by a DEL."""
    known, parts = facts.remembered, facts.parts
    if known is None or known.boot != facts.boot or not parts.missing or not _has_something(facts):
        return _may_live(facts, why)
    return Judgement(Verdict.PUT_BACK, f"{why}, but somebody has deleted its {' and its '.join(parts.missing)}")


def _may_live(facts: Facts, why: str) -> Judgement:
    """Kept as it is: what was never seen whole, or perhaps is dead, is given nothing back."""
    if _has_something(facts) and facts.parts.missing:
        return Judgement(Verdict.KEEP, f"{why}; it has no {' and no '.join(facts.parts.missing)}")
    return Judgement(Verdict.KEEP, why)


def _has_something(facts: Facts) -> bool:
    """Else its runtime has deleted it."""
    return facts.parts.port or facts.parts.row or facts.parts.vm_row or facts.vsd is not None
