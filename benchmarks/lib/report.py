"""The results as text: the machine, a table for each condition, the steps of the chain, the targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.lib import figures, parts, targets
from benchmarks.lib.contestants import ALONE, OURS, REFERENCE
from benchmarks.lib.measure import VERBS, Burst, Conditions, Sample
from benchmarks.lib.results import Results, wall
from nuage_chain.cli.output import table

_HEADER = ("", "median ms", "p95", "CPU ms", "by " + REFERENCE, "agent", "Open vSwitch", "VSD+VRS", "samples")
_BURST_HEADER = ("", "per second", "CPU ms a call", "agent", "Open vSwitch", "VSD+VRS", "failed")
_DAEMONS = (("agent",), ("ovs-vswitchd", "ovsdb-server"), ("stand-in",))
_NONE = "-"


def text(results: Results) -> str:
    """Everything that there is to read."""
    found = ["\n".join(f"{name}: {value}" for name, value in results.machine.items())]
    found += [_condition(results, at) for at in _conditions(results)]
    found += [_parts(results, name, verb) for name in (OURS, ALONE) for verb in ("ADD", "DEL")]
    found += [_bursts(results, ports) for ports in sorted({b.at.ports for b in results.bursts})]
    found.append(_targets(results))
    found += [f"Failed: {problem}" for problem in list(dict.fromkeys(results.problems))[:10]]
    return "\n\n".join(filter(None, found))


def _conditions(results: Results) -> list[Conditions]:
    return sorted({sample.at for sample in results.samples}, key=lambda at: (at.delay, at.ports))


def _condition(results: Results, at: Conditions) -> str:
    names = list(dict.fromkeys(s.contestant for s in results.samples if s.at == at))
    lines = [line for verb in VERBS for name in names for line in _lines(results, name, verb, at)]
    return f"{at.ports} ports, VSD answers after {at.delay} ms, one at a time\n{table(_HEADER, lines)}"


def _lines(results: Results, name: str, verb: str, at: Conditions) -> Iterator[list[str]]:
    samples = results.of(name, verb, at)
    if not samples:
        return
    walls = [s.wall for s in samples]
    ratio = results.ratio(verb, at, (name, wall), (REFERENCE, wall))
    compared = f"{ratio.median:.2f} ({ratio.spread})" if ratio and name != REFERENCE else ""
    yield [
        f"{verb} {name}",
        *(_ms(figures.quantile(walls, share)) for share in (0.5, 0.95)),
        _ms(figures.median([s.cpu for s in samples])),
        compared,
        # The mean, since daemons use it in jumps.
        *(_ms(sum(one) / len(one)) for one in _daemons(samples)),
        str(len(samples)),
    ]
    if len(samples[0].steps) > 1:
        for place, step in enumerate(samples[0].steps):
            took = [s.steps[place] for s in samples]
            walls = [one.wall for one in took]
            cells = [_ms(figures.quantile(walls, share)) for share in (0.5, 0.95)]
            yield [f"  of it {step.plugin}", *cells, _ms(figures.median([one.cpu for one in took])), *[""] * 5]


def _parts(results: Results, name: str, verb: str) -> str:
    samples = [sample for sample in results.of(name, verb, Conditions(0)) if sample.traced]
    if not samples:
        return ""
    shares = [parts.shares(sample) for sample in samples]
    lines = [[label, "", _ms(figures.median([share[label] for share in shares]))] for label in shares[0]]
    lines += [[label, str(count), _ms(took)] for label, count, took in parts.medians(samples)]
    title = f"Where the time of our step goes: {verb} {name}, 0 ports, VSD at once"
    return f"{title}\n{table(('', 'times', 'median ms'), lines)}"


def _daemons(samples: Sequence[Sample] | Sequence[Burst]) -> list[list[float]]:
    """Seconds of CPU of the agent, of Open vSwitch, and of the stand-in, for each."""
    return [[sum(s.daemons.get(name, 0.0) for name in names) for s in samples] for names in _DAEMONS]


def _bursts(results: Results, ports: int) -> str:
    lines = [
        _burst_line(f"{verb} {name}", found)
        for verb in ("ADD", "DEL")
        for name in results.contestants
        if (found := results.bursts_of(name, verb, ports))
    ]
    return f"{ports} ports, {results.bursts[0].at.parallel} at once\n{table(_BURST_HEADER, lines)}"


def _burst_line(title: str, bursts: Sequence[Burst]) -> list[str]:
    calls = sum(burst.done + len(burst.problems) for burst in bursts)
    used = [sum(burst.cpu for burst in bursts), *(sum(one) for one in _daemons(bursts))]
    failed = sum(len(burst.problems) for burst in bursts)
    rate = figures.median([burst.rate for burst in bursts])
    return [title, f"{rate:.1f}", *(_ms(one / calls) for one in used), str(failed)]


def _targets(results: Results) -> str:
    lines = [
        [
            v.name,
            _NONE if v.value is None else f"{v.value:.2f} {v.unit}",
            v.spread,
            f"{'at least' if v.at_least else 'at most'} {v.limit:g} {v.unit}",
            v.said,
        ]
        for v in targets.verdicts(results)
    ]
    return "Targets\n" + table(("", "measured", "between", "has to be", ""), lines)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"
