"""Targets, report, plot and file of results that are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.lib import plot, report, targets
from benchmarks.lib.contestants import OURS, REFERENCE
from benchmarks.lib.measure import Conditions
from benchmarks.lib.results import Results, wall, write
from tests.unit.benchmarks.conftest import PEER


def test_each_target_says_what_was_measured_and_by_how_much_it_was_missed(results: Results) -> None:
    found = {v.name: (v.value and round(v.value, 3), v.said) for v in targets.verdicts(results)}
    assert found == {
        "our step of ADD without its wait, by the ADD of bridge+host-local": (0.4, "met"),
        "CPU of the agent for an ADD": (2.5, "met"),
        f"whole chain by {PEER}, ADD, empty bridge": (0.75, "met"),
        f"{PEER} by whole chain, ADD, 500 ports": (20, "met"),
        f"rate of ADDs in a burst, by that of {PEER}": (1.95, "missed by a factor of 1.03"),
        "STATUS": (None, "not measured"),
        "memory of the agent": (66, "missed by a factor of 1.10"),
    }


def test_without_a_peer_there_are_no_targets_about_one(results: Results) -> None:
    results.contestants.remove(PEER)
    assert not [v.name for v in targets.verdicts(results) if PEER in v.name or "rate" in v.name]


def test_the_last_line_has_every_ratio_that_was_measured(results: Results) -> None:
    line = targets.one_line(results)
    assert "\n" not in line
    assert "bridge+host-local 0.40x" in line
    assert "STATUS" not in line


def test_a_call_that_failed_is_told_and_is_no_time(results: Results) -> None:
    first = next(s for s in results.samples if s.contestant == OURS)
    results.samples.append(replace(first, turn=3, wall=9.0, problem="refused"))
    ratio = results.ratio("ADD", Conditions(0), (OURS, wall), (REFERENCE, wall))
    assert ratio
    assert ratio.pairs == 3
    assert ratio.median == pytest.approx(1.5)
    assert f"Failed: {OURS}: refused" in report.text(results)


def test_the_report_has_a_line_for_each_contestant_and_each_step(results: Results) -> None:
    lines = [line.split() for line in report.text(results).splitlines()]
    shown = ["30.0", "30.0", "9.0", "1.50", "(1.50", "to", "1.50,", "all)", "2.5", "0.0", "0.0", "3"]
    assert ["ADD", OURS, *shown] in lines
    assert ["of", "it", OURS, "10.0", "10.0", "9.0"] in lines
    assert ["ADD", OURS, "39.0", "25.0", "0.0", "0.0", "0.0", "2"] in lines


def test_the_report_says_where_the_time_of_our_step_goes(results: Results) -> None:
    lines = [" ".join(line.split()) for line in report.text(results).splitlines()]
    for line in (
        "interpreter, relay, and the way to the agent 2.0",
        "the switch (OVSDB, and the wait until forwarding) 3.0",
        "VSD 1.0",
        "our own 4.0",
        "vsd POST containers 2 1.0",
        "around and between the steps 1 0.0",
    ):
        assert line in lines


def test_the_picture_is_well_formed_and_names_everybody(results: Results) -> None:
    drawn = "".join(ET.fromstring(plot.picture(results)).itertext())  # noqa: S314 - our own
    for name in results.contestants:
        assert name in drawn
    assert "ADDs per second, 40 at once" in drawn


def test_a_picture_of_nothing_is_still_one() -> None:
    assert ET.fromstring(plot.picture(Results({"CPU": "", "kernel": ""}, [OURS]))).tag.endswith("svg")  # noqa: S314


def test_the_file_has_every_sample(results: Results, tmp_path: Path) -> None:
    write(results, tmp_path)
    read = json.loads((tmp_path / "results.json").read_text())
    assert len(read["samples"]) == len(results.samples)
    assert read["samples"][0]["at"] == {"ports": 0, "delay": 0, "parallel": 1}
