"""Results without a measurement: times that are known, so that what is said about them can be checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.lib.contestants import BUILT_IN, OURS
from benchmarks.lib.driver import Step
from benchmarks.lib.measure import Burst, Conditions, Sample
from benchmarks.lib.results import Results

PEER = "a<b"


# 8 ms that our plugin knows of: 3 of them the switch's, of which it waits for 2, and 1 VSD's, in two requests.
SPANS = (
    ("step", "register with VSD", 0.005),
    ("vsd", "POST containers", 0.0004),
    ("vsd", "POST containers", 0.0006),
    ("step", "plug into VRS", 0.001),
    ("ovsdb", "change", 0.001),
    ("step", "wait until forwarding", 0.002),
    ("ovsdb", "wait", 0.002),
)


@pytest.fixture
def results() -> Results:
    """Ours takes 30 ms, 10 of them in our step; the reference 20 ms; the peer 40 ms, and 600 with 500 ports.

    Of the agent's CPU each takes 2.5 ms.
    """
    found = Results({"CPU": "one", "kernel": "6"}, [*BUILT_IN, PEER], memory=66_000_000)
    for ports in (0, 500):
        for turn in range(3):
            for name in found.contestants:
                wall = {OURS: 0.030, PEER: 0.040 if not ports else 0.600}.get(name, 0.020)
                ours = (Step("bridge", wall - 0.010, 0.0), Step(OURS, 0.010, 0.009))
                steps = ours if name == OURS else (Step("bridge", wall, 0.001),)
                sample = Sample(name, "ADD", Conditions(ports), turn, wall, steps, {"agent": 0.0025})
                found.samples.append(replace(sample, traced=0.008, spans=SPANS) if name == OURS else sample)
    at = Conditions(0, parallel=40)
    for turn in range(2):
        found.bursts.append(Burst(OURS, "ADD", at, turn, wall=1, cpu=1, done=39, problems=("late",), daemons={}))
        found.bursts.append(Burst(PEER, "ADD", at, turn, wall=2, cpu=1, done=40, problems=(), daemons={}))
    return found
