"""The lab's machines as tests see them: over ssh, as Vagrant says to reach them, and by `vagrant` itself."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import testinfra

from tests.integration.systemd.node import ROOT

VSP = "/var/lib/nuage-chain/vsp"
PYTHON = "/opt/nuage-chain/current/bin/python"
# Run on the controller; its arguments are a method of Session and what that takes.
_VSD = f"""\
import json, sys
from pathlib import Path
from nuage_chain.deadline import Deadline
from nuage_chain.vsd.session import Session
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.settings import load_settings
layout = layout_of(Path("{VSP}"))
verb, *words = json.loads(sys.argv[1])
session = Session(access_of(layout, load_settings(layout)))
print(json.dumps(getattr(session, verb)(*words, Deadline(60))))
"""


class Host:
    """One machine; what is run there is run as root."""

    def __init__(self, name: str, ssh_config: Path) -> None:
        self.name, self._config = name, ssh_config
        # One connection for all commands: an emulated processor takes seconds for a new one.
        self._connection = ssh_config.with_name(f"{name}.ssh")
        self.infra: Any = testinfra.get_host(
            f"ssh://{name}", ssh_config=str(ssh_config), sudo=True, timeout=60, controlpath=str(self._connection)
        )

    def hang_up(self) -> None:
        """Ends the connection, which a machine that goes away might leave open for ever."""
        if self._connection.exists():
            words = ["ssh", "-F", str(self._config), "-o", f"ControlPath={self._connection}", "-O", "exit", self.name]
            subprocess.run(words, capture_output=True, check=False, timeout=10)

    def run(self, *command: str) -> tuple[int, str]:
        """The exit status of a command, and what it printed on both streams."""
        done = self.infra.run(shlex.join(command))
        return done.rc, done.stdout + done.stderr

    def sh(self, *command: str) -> str:
        """What a command printed on its standard output; it has to succeed."""
        done = self.infra.run(shlex.join(command))
        assert done.rc == 0, f"{self.name}: {shlex.join(command)}: {done.stdout}{done.stderr}"
        return str(done.stdout)

    def json(self, *command: str) -> Any:
        return json.loads(self.sh(*command))

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, as systemd writes them."""
        lines = self.sh("systemctl", "show", unit, *(f"--property={p}" for p in properties)).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def vsctl(self, *words: str) -> str:
        """What the switch of VRS says."""
        return self.sh("ovs-vsctl", f"--db=unix:{VSP}/run/db.sock", "--timeout=10", *words).strip()

    def settle(self) -> None:
        """Waits until all that starts at boot has started."""
        self.run("systemctl", "is-system-running", "--wait")

    @property
    def boot(self) -> str:
        return self.sh("cat", "/proc/sys/kernel/random/boot_id").strip()

    @property
    def in_kernel(self) -> bool:
        """Whether its kernel can forward for Open vSwitch; where not, a process does."""
        return self.run("test", "-d", "/sys/module/openvswitch")[0] == 0


@dataclass(frozen=True)
class Lab:
    """All machines. addresses: theirs on the lab's network; environment: what `vagrant` needs to work on them."""

    hosts: Mapping[str, Host]
    addresses: Mapping[str, str]
    environment: Mapping[str, str]

    @property
    def controller(self) -> Host:
        return self.hosts["controller"]

    @property
    def nodes(self) -> list[Host]:
        return [host for name, host in self.hosts.items() if name != "controller"]

    @property
    def virtual(self) -> bool:
        """Whether the machines have kernels of their own."""
        return self.environment["VAGRANT_DEFAULT_PROVIDER"] != "static"

    def vagrant(self, *words: str, seconds: float = 600) -> str:
        """What `vagrant` printed; it has to succeed."""
        for host in self.hosts.values():
            host.hang_up()
        done = subprocess.run(
            ["vagrant", *words, "--no-color"],
            cwd=ROOT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"vagrant {shlex.join(words)}: {done.stdout}"
        return done.stdout

    def running(self) -> list[str]:
        """The machines that Vagrant says are on."""
        states = [line.split(",") for line in self.vagrant("status", "--machine-readable").splitlines()]
        return [name for _, name, kind, state, *_ in states if (kind, state) == ("state", "running")]

    def pull_the_plug(self, host: Host) -> None:
        """No process of the machine gets to do anything; libvirt's `halt --force` is a polite request."""
        if not self.virtual:
            self.vagrant("halt", "--force", host.name)
            return
        host.hang_up()
        machine = Path(self.environment["VAGRANT_DOTFILE_PATH"], "machines", host.name, "libvirt", "id").read_text()
        subprocess.run(["virsh", "--connect", "qemu:///system", "destroy", machine], check=True, timeout=60)

    def vsd(self, verb: str, *words: object) -> Any:
        """What a method of vsd.session.Session gives, as csproot."""
        return self.controller.json(PYTHON, "-I", "-c", _VSD, json.dumps([verb, *words]))
