"""Real reference plugins on a bridge in this private network namespace, and containers to attach."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.network import Attachment, Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

PLUGINS = Path("/usr/lib/cni")
BRIDGE = "rtbr0"


@dataclass
class Node:
    """What plugins leave traces in: the kernel, host-local's folder, the cache."""

    folder: Path

    @property
    def cache(self) -> Path:
        return self.folder / "cni"

    def runtime(self) -> Runtime:
        return Runtime([PLUGINS], self.cache, environment={"PATH": os.environ["PATH"]})

    def write(self, version: str = "1.0.0") -> Path:
        """A list of bridge with host-local, and tuning, as a file."""
        ipam = {
            "type": "host-local",
            "dataDir": str(self.folder / "addresses"),
            "ranges": [[{"subnet": "10.250.0.0/24"}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        }
        bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipam": ipam, "capabilities": {"mac": True}}
        tuning = {"type": "tuning", "sysctl": {"net.ipv4.conf.all.log_martians": "1"}}
        content = {"cniVersion": version, "name": "net", "plugins": [bridge, tuning]}
        folder = self.folder / "net.d"
        folder.mkdir(exist_ok=True)
        file = folder / "10-net.conflist"
        file.write_text(json.dumps(content))
        return file

    def network(self, version: str = "1.0.0") -> conflist.Network:
        return conflist.load(self.write(version))

    def cached(self) -> list[str]:
        return sorted(file.name for file in (self.cache / "results").glob("*"))

    def addresses(self) -> list[str]:
        return sorted(file.name for file in (self.folder / "addresses" / "net").glob("*.*.*.*"))

    def veths(self) -> list[str]:
        return [link["ifname"] for link in ip("link", "show", "type", "veth")]


def ip(*command: str, netns: str | None = None) -> list[dict[str, Any]]:
    inside = [] if netns is None else ["-n", netns]
    done = subprocess.run(["ip", "-j", *inside, *command], capture_output=True, text=True, check=True, timeout=10)
    found: list[dict[str, Any]] = json.loads(done.stdout) if done.stdout.strip() else []
    return [one for one in found if one]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    assert os.environ.get("NUAGE_CHAIN_PRIVATE"), "These tests need namespaces of their own: run them by scripts/test."
    yield Node(tmp_path)
    subprocess.run(["ip", "link", "delete", BRIDGE], check=False, capture_output=True, timeout=10)


@pytest.fixture
def netns() -> Iterator[str]:
    name = "rt-container"
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=10)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=10)


@pytest.fixture
def attachment(netns: str) -> Attachment:
    return Attachment(
        "c1", f"/run/netns/{netns}", "eth0", [("IgnoreUnknown", "1")], {"mac": "7a:42:11:22:33:44", "ips": ["unused"]}
    )
