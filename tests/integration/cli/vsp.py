"""An embedded VSP of a test's own, driven by the command line alone."""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path

from nuage_chain.vsp import place
from tests.integration.cli.driver import NUAGE_CHAIN

DAEMONS = [
    "ovsdb-server",
    "ovnnb",
    "ovnsb",
    "ovs-vswitchd",
    "ovn-northd",
    "ovn-controller",
    "vsd",
    "engine",
    "resolver",
]
"""The processes of one without nodes, by their names in `vsp status`."""


class Vsp:
    """A state directory, and the namespace that `up` is to make."""

    def __init__(self, state: Path, netns: str = "") -> None:
        self.state, self.netns = state, netns or f"cli{uuid.uuid4().hex[:6]}"

    def words(self, verb: str, *words: str) -> list[str]:
        return [str(NUAGE_CHAIN), "vsp", verb, "--state", str(self.state), *words]

    def __call__(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.words(verb, *words), capture_output=True, text=True, timeout=60, check=False)

    def up(self) -> subprocess.CompletedProcess[str]:
        return self("up", "--netns", self.netns)

    def processes(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if os.fsencode(self.state) in command:
                    found.append(command.replace(b"\0", b" ").decode())
        return found

    def namespaces(self) -> list[str]:
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.split() if line.startswith(self.netns)]

    def end(self) -> None:
        self("down", "--purge")
        assert self.processes() == []
        assert not place.exists(self.netns)
        assert not self.state.exists()
