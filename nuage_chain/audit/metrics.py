"""What node-exporter's textfile collector reads, replaced as a whole (its documentation: "atomically")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from nuage_chain.attachment.record import Record
from nuage_chain.audit.calls import Calls
from nuage_chain.audit.plan import Kind, Plan
from nuage_chain.audit.run import Applied
from nuage_chain.errors import IOFailure
from nuage_chain.whole_file import write_whole

COLLECTOR = Path("/var/lib/prometheus/node-exporter")
"""Where Debian's looks."""
FILE = "nuage-chain.prom"


def text(applied: Applied, debts: Iterable[Record], now: float) -> str:
    """The metrics after a run. now: Unix seconds."""
    owed = list(debts)
    gone = Counter(d.outcome for d in applied.done)
    kinds = Counter(action.kind for action in applied.plan.actions)
    lines = [
        *_metric("attachments", "gauge", "Attachments that the switch has ports of.", [({}, _attached(applied))]),
        *_metric(
            "stale",
            "gauge",
            "Attachments that are stale: `waiting` for the grace time to end, or found to be removed now.",
            [({"kind": "waiting"}, len(applied.plan.waiting)), *_by_kind(applied.plan, kinds)],
        ),
        *_metric("debts", "gauge", "Attachments that are not gone everywhere.", _by_place(owed)),
        *_metric("debt_age_seconds", "gauge", "Age of the oldest debt.",
                 [({}, max((now - r.since for r in owed), default=0))]),
        *_metric("audit_actions", "gauge", "What the last audit did, by outcome.",
                 [({"outcome": o}, gone[o]) for o in ("done", "skipped", "owed", "failed")]),
        *_metric("audit_problems", "gauge", "Sources that the last audit could not ask.",
                 [({}, len(applied.plan.problems))]),
    ]  # fmt: skip
    lines += _of_calls(applied.calls)
    if applied.succeeded:
        lines += _metric("audit_last_success_timestamp_seconds", "gauge", "When an audit last had no failure.",
                         [({}, applied.succeeded)])  # fmt: skip
    return "\n".join(lines) + "\n"


def write(folder: Path, content: str) -> Path:
    """Replaces the file in `folder`; readable by everybody. Raises IOFailure."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A draft's name does not end in .prom, and the collector reads *.prom only.
        write_whole(path, content.encode(), 0o644)
    except OSError as e:
        raise IOFailure(f"The metrics {path} cannot be written: {e.strerror}.") from e
    return path


def folder_of(chosen: str, state: Path) -> Path:
    """Where the collector looks on Debian, if it is there, unless another was chosen."""
    if chosen:
        return Path(chosen)
    return COLLECTOR if COLLECTOR.is_dir() else state / "metrics"


def _of_calls(calls: Calls) -> list[str]:
    results = [({"verb": verb, "result": result}, number) for (verb, result), number in sorted(calls.results.items())]
    names = [({"verb": verb, "step": step}, took) for (verb, step), took in sorted(calls.steps.items())]
    return [
        *_metric("calls_total", "counter", "ADDs and DELs that have ended.", results),
        *_metric("step_seconds_sum", "counter", "Time that steps took.", [(at, took[1]) for at, took in names]),
        *_metric(
            "step_seconds_count", "counter", "Steps that were done or undone.", [(at, took[0]) for at, took in names]
        ),
    ]


def _attached(applied: Applied) -> int:
    return sum(facts.seen is not None for facts in applied.judged)


def _by_kind(plan: Plan, kinds: Mapping[Kind, int]) -> list[tuple[dict[str, str], float]]:
    return [({"kind": kind.value.replace(" ", "_")}, kinds.get(kind, 0)) for kind in Kind]


def _by_place(owed: Iterable[Record]) -> list[tuple[dict[str, str], float]]:
    places = Counter(place for record in owed for place in record.owed)
    return [({"where": place}, places[place]) for place in ("kernel", "ovsdb", "vsd", "kubemon")]


def _metric(name: str, kind: str, help_text: str, values: Iterable[tuple[dict[str, str], float]]) -> list[str]:
    full = f"nuage_chain_{name}"
    lines = [f"# HELP {full} {help_text}", f"# TYPE {full} {kind}"]
    for labels, value in values:
        inside = ",".join(f'{k}="{v}"' for k, v in labels.items())
        # All digits: a counter that is rounded does not count any more.
        lines.append(f"{full}{{{inside}}} {value!r}" if inside else f"{full} {value!r}")
    return lines
