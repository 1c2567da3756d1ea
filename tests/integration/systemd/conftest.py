"""One node for all tests of this folder: booted, with VRS, and nuage-chain installed from the clone's wheel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.systemd import wheel
from tests.integration.systemd.node import Node
from tests.integration.systemd.vrs import Vrs
from tests.integration.waiting import eventually

VENV = "/root/venv"
LIST = "/etc/cni/net.d/10-nuage.conflist"
# Where an installation could put something.
_PLACES = ("/etc", "/opt", "/usr/local", "/usr/lib/cni", "/usr/lib/systemd", "/var/lib/nuage-chain", "/run/nuage-chain")
# They are heavy, and what matters is when systemd starts a unit of that name. containerd is the real one.
STAND_INS = ("docker", "crio", "kubelet", "podman")
_STAND_IN = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
_SOCKET = "[Socket]\nListenStream=/run/docker.sock\n[Install]\nWantedBy=sockets.target\n"


@dataclass
class Machine:
    """The node with what is on it. said: what `install` printed, by occasion; before: the files before it."""

    node: Node
    vrs: Vrs
    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    before: set[str] = field(default_factory=set)

    def pip(self, built: Path) -> None:
        """Has pip put a wheel into the node's virtual environment."""
        shutil.copy(built, self.node.at("/root"))
        self.node.sh(f"{VENV}/bin/pip", "install", "-q", "--no-index", "--no-deps", f"/root/{built.name}")

    def relabel(self, version: str) -> None:
        """What is in the environment is of another version from here on, as after an upgrade by pip."""
        self.node.sh(
            "sh", "-c", f"sed -i 's/^__version__.*/__version__ = \"{version}\"/' {VENV}/lib/*/*/nuage_chain/__init__.py"
        )

    def files(self) -> set[str]:
        """Every path where an installation could put something."""
        return set(self.node.sh("find", *_PLACES, check=False).splitlines())


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The node, installed as docs/install.md says, by somebody who does so before VRS is up."""
    assert os.environ.get("NUAGE_CHAIN_PRIVATE"), "This needs namespaces of its own: run it by scripts/test."
    folder = tmp_path_factory.mktemp("systemd")
    node = Node("node1", folder / "node1")
    try:
        machine = Machine(node, Vrs(node), folder)
        for name in STAND_INS:
            node.at(f"/etc/systemd/system/{name}.service").write_text(_STAND_IN)
        # As Debian has it: systemd listens for Docker from early on.
        node.at("/etc/systemd/system/docker.socket").write_text(_SOCKET)
        node.boot()
        node.sh("systemctl", "enable", "--quiet", "docker.socket")
        node.sh("systemctl", "enable", "--quiet", *(f"{name}.service" for name in STAND_INS))
        machine.pip(wheel.build(folder))
        _install(machine)
        yield machine
    finally:
        node.close()


def _install(machine: Machine) -> None:
    node, program = machine.node, f"{VENV}/bin/nuage-chain"
    machine.vrs.prepare()
    machine.before = machine.files()
    machine.said["dry run"] = node.sh(program, "install", "--dry-run")
    machine.said["after the dry run"] = "\n".join(sorted(machine.files() - machine.before))
    waiting = node.start(program, "install", "--wait", "90")
    eventually(lambda: node.inside("/etc/systemd/system/nuage-chain-audit.timer").exists(), "all but the list", 60)
    machine.said["list while it waits"] = str(node.inside(LIST).exists())
    machine.vrs.up()
    machine.said["install"], _ = waiting.communicate(timeout=90)
    assert waiting.returncode == 0, machine.said["install"]
