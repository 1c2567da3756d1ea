"""benchmarks/run with very few turns, on real parts; its figures mean nothing here."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.cli.driver import heed_signals
from tests.integration.test_demo import alive, children

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
# What benchmarks/run runs once everything is installed, so that the test needs no apt and no pip.
MEASURE: list[str | Path] = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-B", ROOT / "benchmarks/lib/main.py"]
COMMAND: list[str | Path] = [ROOT / "scripts/lib/private.sh", *MEASURE]
PEER = {"cniVersion": "1.0.0", "name": "peer", "plugins": [{"type": "ptp", "ipam": {"type": "host-local"}}]}
RANGES = {"dataDir": "@SCRATCH@", "ranges": [[{"subnet": "10.1.2.0/24"}]]}


def test_a_short_run_measures_everybody_and_writes_what_it_found(tmp_path: Path) -> None:
    PEER["plugins"][0]["ipam"].update(RANGES)  # type: ignore[index]
    peer, output = Path("/var/lib/peer.conflist"), os.open(tmp_path, os.O_RDONLY)
    peer.write_text(json.dumps(PEER))
    few = ["--quick", "--rounds", "1", "--levels", "0,2", "--parallel", "2", "--delays", "0"]
    done = subprocess.run(
        [*COMMAND, *few, "--peer", f"ptp={peer}", "--output", f"/proc/self/fd/{output}"],
         pass_fds=[output], capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "whole chain by ptp, ADD, empty bridge" in done.stdout.splitlines()[-1]
    found = json.loads((tmp_path / "results.json").read_text())
    measured = {(s["contestant"], s["verb"], s["at"]["ports"]) for s in found["samples"] if s["problem"] == ""}
    for name in found["contestants"]:
        assert {(name, verb, 0) for verb in ("ADD", "DEL")} <= measured
    assert {("nuage-chain", "CHECK", 2), ("nuage-chain without agent", "STATUS", 0), ("ptp", "ADD", 2)} <= measured
    assert {(b["contestant"], b["done"]) for b in found["bursts"]} >= {("nuage-chain", 2), ("ptp", 2)}
    assert found["memory"] > 1e6
    ours = [s for s in found["samples"] if s["contestant"].startswith("nuage-chain") and s["verb"] in ("ADD", "DEL")]
    assert all(s["traced"] > 0 and s["spans"] for s in ours)
    assert (tmp_path / "results.svg").read_text().startswith("<svg")


def test_a_soak_ends_with_the_memory_of_the_agent() -> None:
    done = subprocess.run([*COMMAND, "--soak", "20"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"has [0-9.]+ MB after 20 pairs of ADD and DEL; 0 calls failed", done.stdout.splitlines()[-1])


def test_a_peer_that_cannot_work_is_named_with_its_error(tmp_path: Path) -> None:
    peer = Path("/var/lib/broken.conflist")
    peer.write_text(json.dumps({"cniVersion": "1.0.0", "name": "broken", "plugins": [{"type": "none"}]}))
    done = subprocess.run(
        [*COMMAND, "--peer", f"broken={peer}", "--output", tmp_path],
         capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "There is no plugin 'none' in" in done.stderr


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "--output", tmp_path],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "ports on the bridge" in line or "VSD answering" in line:
            break
    inside = children(running.pid)
    assert inside
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(20) != 0
    until = time.monotonic() + 10
    while any(alive(pid) for pid in inside) and time.monotonic() < until:
        time.sleep(0.05)
    assert [pid for pid in inside if alive(pid)] == []
