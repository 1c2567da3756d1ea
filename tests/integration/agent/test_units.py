"""The units of systemd, as far as they can be tried without it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from nuage_chain.launcher import SOCKET
from tests.integration.agent.conftest import NUAGE_CHAIN, listens
from tests.integration.lab import ROOT, Lab

pytestmark = pytest.mark.root
UNITS = ROOT / "systemd"
AGENT = "nuage-chain-agent"


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read(UNITS / name)
    return parser


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    for kind in ("socket", "service"):
        text = (UNITS / f"{AGENT}.{kind}").read_text()
        installed = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={NUAGE_CHAIN}", text)
        (tmp_path / f"{AGENT}.{kind}").write_text(installed)
    files = [tmp_path / f"{AGENT}.{kind}" for kind in ("socket", "service")]
    done = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if AGENT in line or "/opt" in line] == []


def test_the_socket_is_where_the_launcher_looks_for_it_and_for_root_only() -> None:
    socket = unit(f"{AGENT}.socket")["Socket"]
    assert (socket["ListenStream"], socket["SocketMode"]) == (str(SOCKET), "0600")


def test_the_capabilities_that_the_service_keeps_are_enough(lab: Lab) -> None:
    service = unit(f"{AGENT}.service")["Service"]
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in service["CapabilityBoundingSet"].split())
    limits = ["setpriv", f"--bounding-set=-all,{kept}", "--inh-caps=-all", "--no-new-privs"]
    one = lab.container("one")
    entry = lab.entry(lab.veth(one))
    with subprocess.Popen([*limits, NUAGE_CHAIN, "agent"], env={"PATH": os.environ["PATH"]}) as agent:
        try:
            listens(agent.poll)
            for verb in ("ADD", "DEL"):
                done = lab.call(lab.environment(verb, one), entry)
                assert (done.status, done.stderr) == (0, ""), done
            said = subprocess.run([NUAGE_CHAIN, "agent", "status"], capture_output=True, text=True, check=True).stdout
            assert "1 ADD, 1 DEL" in said
        finally:
            agent.send_signal(signal.SIGTERM)
            assert agent.wait(20) == 0
    lab.unveth(one)
