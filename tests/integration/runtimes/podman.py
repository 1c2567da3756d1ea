"""podman with its CNI backend, all its files in one folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.integration.lab import PLUGIN_DIRS
from tests.integration.runtimes import image
from tests.integration.runtimes.base import Workload, run

# Ulimits as they are, since raising them may be refused; no limit needs a cgroup controller, which may be absent.
_CONFIGURATION = """\
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
lock_type = "file"
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=1024:4096"]
pids_limit = 0
[network]
network_backend = "cni"
cni_plugin_dirs = {plugins}
network_config_dir = {networks}
default_network = "nuage"
"""


class Podman:
    def __init__(self, folder: Path, archive: Path, networks: Path) -> None:
        folder.mkdir()
        self._folder = folder
        configuration = folder / "containers.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                plugins=json.dumps([str(f) for f in PLUGIN_DIRS]), networks=json.dumps(str(networks / "all"))
            )
        )
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CONTAINERS_CONF": str(configuration)}
        self._folders = [f"--{name}={folder / name}" for name in ("root", "runroot", "tmpdir")]
        self("load", "--input", str(archive))

    def __call__(self, *words: str) -> str:
        return run("podman", *self._folders, *words, env=self._environment)

    def clear(self) -> None:
        """Removes every container."""
        # In podman's own list, as to ask podman takes longer.
        lists = self._folder.glob("root/*-containers/containers.json")
        if any(json.loads(file.read_text()) for file in lists):
            self("rm", "--all", "--force", "--time=0")

    def start(self, name: str, *options: str, broken: bool = False) -> Workload:
        network = "nuage-broken" if broken else "nuage"
        try:
            container = self("run", "--detach", f"--name={name}", f"--network={network}", *options, image.NAME)
        except Exception:
            self("rm", "--force", "--ignore", "--time=0", name)
            raise
        return self.workload(container.strip(), name)

    def workload(self, container: str, name: str) -> Workload:
        pid = int(self("inspect", "--format={{.State.Pid}}", container))
        return Workload(name, container, pid=pid)

    def stop(self, workload: Workload) -> None:
        self("stop", "--time=0", workload.id)
        self("rm", workload.id)

    def died(self, workload: Workload) -> None:
        """conmon sees it and has podman clean up; only the container's record is the user's to remove."""
        self("wait", workload.id)
        self("rm", workload.id)

    def restart(self, workload: Workload) -> Workload:
        self("restart", "--time=0", workload.id)
        return self.workload(workload.id, workload.name)
