"""The reference library as a runtime: a process in a network namespace, which libcni attaches and detaches."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.integration.lab import PLUGIN_DIRS, Lab
from tests.integration.runtimes.base import SECONDS, Refused, Workload, sleeps
from tests.integration.waiting import eventually


class Libcni:
    def __init__(self, lab: Lab, program: Path, networks: Path) -> None:
        self.lab, self.program, self.networks = lab, program, networks
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait(SECONDS)

    def call(self, command: str, container_id: str, netns: str, *, broken: bool = False) -> str:
        asked: dict[str, object] = {
            "Command": command,
            "ConfDir": str(self.networks / ("broken" if broken else "good")),
            "Network": "nuage-broken" if broken else "nuage",
            "PluginDirs": [str(folder) for folder in PLUGIN_DIRS],
            "CacheDir": str(self.lab.cache),
            "ContainerID": container_id,
            "NetNS": netns,
            "IfName": "eth0",
            "Args": [["IgnoreUnknown", "1"]],
            "Capabilities": {},
        }
        done = subprocess.run(
            [self.program], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=SECONDS
        )
        if done.returncode:
            raise Refused(done.stderr)
        return done.stdout

    def start(self, name: str, *, broken: bool = False) -> Workload:
        process = subprocess.Popen(["unshare", "--net", "sleep", "86400"])
        self._processes[name] = process
        eventually(lambda: sleeps(process.pid))
        workload = Workload(name, f"id-{name}", pid=process.pid)
        try:
            self.call("add", workload.id, workload.netns, broken=broken)
        except Refused:
            # What a runtime has to do after an ADD that failed, by the specification.
            self.call("del", workload.id, workload.netns, broken=broken)
            self._end(name)
            raise
        return workload

    def _end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait(SECONDS)

    def stop(self, workload: Workload) -> None:
        self.call("del", workload.id, workload.netns)
        self._end(workload.name)

    def died(self, workload: Workload) -> None:
        """The network namespace has gone with the only process in it."""
        self._end(workload.name)
        self.call("del", workload.id, workload.netns)

    def restart(self, workload: Workload) -> Workload:
        self.stop(workload)
        return self.start(workload.name)
