"""Plugins that are small shell scripts, and remember how they were called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.network import Attachment, Runtime

RECORD = """#!/bin/sh
call="{journal}/$(ls {journal} | wc -l)-$CNI_COMMAND-{kind}"
mkdir "$call"
cat > "$call/stdin"
env -0 > "$call/environment"
"""


@dataclass(frozen=True)
class Called:
    plugin: str
    command: str
    stdin: dict[str, Any]
    environment: dict[str, str]


class Plugins:
    """A folder of scripts and the journal of their calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self._journal = folder / "journal"
        self.folder.mkdir()
        self._journal.mkdir()

    def make(self, kind: str, script: str = 'echo \'{"cniVersion": "1.0.0"}\'') -> None:
        file = self.folder / kind
        file.write_text(RECORD.format(journal=self._journal, kind=kind) + script + "\n")
        file.chmod(0o755)

    def failing(self, kind: str, command: str, output: str = '{"code": 7, "msg": "no such thing"}') -> None:
        """Succeeds, but not with `command`."""
        self.make(kind, f"[ $CNI_COMMAND = {command} ] && {{ echo '{output}'; exit 1; }}; echo '{{}}'")

    def calls(self) -> list[Called]:
        folders = sorted(self._journal.iterdir(), key=lambda folder: int(folder.name.split("-")[0]))
        return [self._called(folder) for folder in folders]

    def order(self) -> list[tuple[str, str]]:
        return [(called.command, called.plugin) for called in self.calls()]

    def _called(self, folder: Path) -> Called:
        _, command, plugin = folder.name.split("-", 2)
        pairs = [line.partition("=") for line in (folder / "environment").read_text().split("\0") if line]
        environment = {name: value for name, _, value in pairs}
        return Called(plugin, command, json.loads((folder / "stdin").read_text()), environment)


@pytest.fixture
def plugins(tmp_path: Path) -> Plugins:
    return Plugins(tmp_path)


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def runtime(plugins: Plugins, cache_dir: Path) -> Runtime:
    return Runtime([plugins.folder], cache_dir, environment={"PATH": "/usr/bin:/bin", "LANG": "C"})


@pytest.fixture
def attachment() -> Attachment:
    return Attachment(
        "c1", "/run/netns/c1", "eth0", [("IgnoreUnknown", "1"), ("K8S_POD_NAME", "web")], {"ips": ["10.0.0.9/24"]}
    )


class Networks:
    """Network configurations made of plugin types."""

    def __call__(self, *kinds: str, version: str = "1.0.0", **keys: object) -> conflist.Network:
        entries = [{"type": kind} for kind in kinds]
        return self.of({"cniVersion": version, "name": "net", "plugins": entries, **keys})

    def of(self, content: dict[str, Any], folder: Path | None = None) -> conflist.Network:
        return conflist.parse(json.dumps(content).encode(), (folder or Path("/nowhere")) / "10-net.conflist")


@pytest.fixture
def network() -> Networks:
    return Networks()
