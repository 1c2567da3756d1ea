"""Namespaces in the part of hosts on one wire."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from nuage_chain.link.offload import set_tx_checksum
from nuage_chain.vsp import place
from tests.integration.cli.driver import NUAGE_CHAIN
from tests.integration.cli.vsp import Vsp
from tests.integration.lab import PLUGIN_DIRS, ROOT

LIST = ROOT / "conflists" / "10-nuage.conflist"


class Wire:
    """A bridge in a namespace, and namespaces with a link `wire` to it; the centre's has an address."""

    def __init__(self, prefix: str, folder: Path) -> None:
        self.prefix, self.folder = prefix, folder
        self.made: list[str] = []

    def name(self, of: str) -> str:
        return of if of.startswith(self.prefix) else f"{self.prefix}-{of}"

    def make(self, hosts: list[str]) -> None:
        self._netns("wire")
        self._ip("wire", "link", "add", "bridge0", "type", "bridge")
        self._ip("wire", "link", "set", "bridge0", "up")
        for number, host in enumerate(hosts):
            self._netns(host)
            peer = ["type", "veth", "peer", "name", "wire", "netns", self.name(host)]
            self._ip("wire", "link", "add", f"p{number}", *peer)
            self._ip("wire", "link", "set", f"p{number}", "master", "bridge0", "up")
            self._ip(host, "link", "set", "wire", "up")
        self._ip("centre", "address", "add", "192.0.2.1/24", "dev", "wire")
        # On a real wire the hardware fills them in.
        place.inside(self.name("centre"), lambda: set_tx_checksum("wire", on=False), 5)

    def attach(self, host: Vsp) -> tuple[str, str]:
        """A container on a host: its namespace and address."""
        name = f"{host.netns}-c"
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.made.append(name)
        ours = '"type": "nuage-chain",'
        file = self.folder / f"{host.netns}.conflist"
        file.write_text(LIST.read_text().replace(ours, f'{ours} "configFile": "{host.state}/config.yaml",'))
        where = ["--netconf", str(file), "--cache", str(self.folder / "cni")]
        words = [*place.prefix(host.netns), str(NUAGE_CHAIN), "attach", name, *where]
        environment = os.environ | {"CNI_PATH": ":".join(map(str, PLUGIN_DIRS))}
        said = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
        return name, said.splitlines()[1].split()[3].partition("/")[0]

    def remove(self) -> None:
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def _netns(self, of: str) -> None:
        subprocess.run(["ip", "netns", "add", self.name(of)], check=True)
        self.made.append(self.name(of))
        self._ip(of, "link", "set", "lo", "up")

    def _ip(self, of: str, *words: str) -> None:
        subprocess.run(["ip", "-n", self.name(of), *words], check=True)
