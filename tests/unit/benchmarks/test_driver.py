"""The driver runs real processes and measures them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks.lib.driver import Driver
from benchmarks.lib.measure import cpu_of
from nuage_chain.deadline import Deadline


def script(folder: Path, text: str) -> Path:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_plugin_gets_its_input_and_environment_and_gives_output_and_status(tmp_path: Path) -> None:
    driver = Driver(2)
    finished = driver(script(tmp_path, 'read line; echo "$line $WHO"; exit 3'), {"WHO": "me"}, b"hello\n", Deadline(10))
    assert (finished.stdout, finished.status, finished.timed_out) == (b"hello me\n", 3, False)
    assert [step.plugin for step in driver.steps] == ["plugin"]


def test_the_cpu_of_children_counts(tmp_path: Path) -> None:
    driver = Driver(2)
    busy = script(tmp_path, "(i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done); exit 0")
    driver(busy, {"PATH": os.defpath}, b"", Deadline(30))
    assert 0 < driver.steps[0].cpu <= driver.steps[0].wall * 1.5


def test_a_plugin_that_hangs_is_killed_at_the_deadline(tmp_path: Path) -> None:
    begin = time.monotonic()
    finished = Driver(2)(script(tmp_path, "exec sleep 30"), {"PATH": os.defpath}, b"", Deadline(0.3))
    assert (finished.timed_out, finished.status) == (True, -9)
    assert time.monotonic() - begin < 10


def test_a_plugin_that_is_not_there_raises_and_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are what is compared
    with pytest.raises(FileNotFoundError):
        Driver(2)(tmp_path / "none", {}, b"", Deadline(5))
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_the_cpu_of_another_process_is_read_by_its_number() -> None:
    before = cpu_of(os.getpid())
    while time.process_time() < 0.001:
        pass
    sum(range(200_000))
    assert before < cpu_of(os.getpid()) <= time.process_time() + 1
