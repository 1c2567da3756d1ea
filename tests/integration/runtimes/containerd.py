"""A containerd of the tests' own, and its two ways to the network: CRI, as kubelet goes, and `ctr run --cni`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import grpc

from tests.integration.runtimes import image
from tests.integration.runtimes.base import SECONDS, Refused, Workload, run, sleeps
from tests.integration.runtimes.cri import Cri, decode
from tests.integration.waiting import eventually

# Cgroups without controllers and processes that may not lower their oom_score_adj are all that some machines offer.
_CONFIGURATION = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{image}"
restrict_oom_score_adj = true
disable_cgroup = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{networks}/good"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.broken]
runtime_type = "io.containerd.runc.v2"
cni_conf_dir = "{networks}/broken"
"""
_READY, _EXITED = 0, 2


class Containerd:
    """The daemon, with the image in both namespaces."""

    def __init__(self, folder: Path, archive: Path, networks: Path, plugins: Path) -> None:
        folder.mkdir()
        self.folder, self.socket = folder, folder / "sock"
        (folder / "config.toml").write_text(
            _CONFIGURATION.format(
                folder=folder, socket=self.socket, image=image.NAME, plugins=plugins, networks=networks
            )
        )
        self.up()
        for namespace in ("k8s.io", "default"):
            self.ctr("--namespace", namespace, "images", "import", str(archive))

    def ctr(self, *words: str) -> str:
        return run("ctr", "--address", self.socket, *words)

    def up(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["containerd", "--config", self.folder / "config.toml"], stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._answers, seconds=SECONDS)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log()
        try:
            self.ctr("version")
        except Refused:
            return False
        return True

    def log(self) -> str:
        return (self.folder / "log").read_text()[-4000:]

    def down(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(SECONDS)


class Pods:
    """What kubelet does: a sandbox for the pod, a container in it."""

    def __init__(self, containerd: Containerd) -> None:
        self.containerd = containerd
        self.containers: dict[str, str] = {}
        self.connect()

    def close(self) -> None:
        self.cri.close()

    def clear(self) -> None:
        """Removes every sandbox; a test may have killed the containerd, and closed the connection."""
        if self.containerd.process.poll() is not None:
            self.containerd.up()
        self.close()
        self.connect()
        for sandbox in self.cri.call("ListPodSandbox").get(1, []):
            self.stop(Workload("", decode(sandbox)[1][0].decode()))

    def start(self, name: str, *, broken: bool = False, attempt: int = 0) -> Workload:
        config: dict[str, object] = {
            "metadata": {"name": name, "uid": f"uid-{name}", "namespace": "shop", "attempt": attempt},
            "log_directory": str(self.containerd.folder),
        }
        try:
            sandbox = self.cri.name("RunPodSandbox", config=config, runtime_handler="broken" if broken else "runc")
        except grpc.RpcError as e:
            raise Refused(e.details()) from e
        self.containers[sandbox] = self._container(sandbox, config)
        _, info = self.cri.status("PodSandboxStatus", pod_sandbox_id=sandbox)
        return Workload(name, sandbox, pid=info["pid"])

    def _container(self, sandbox: str, config: Mapping[str, object]) -> str:
        wanted = {"metadata": {"name": "main"}, "image": {"image": image.NAME}, "command": image.FOREVER}
        made = self.cri.name("CreateContainer", pod_sandbox_id=sandbox, config=wanted, sandbox_config=config)
        self.cri.call("StartContainer", container_id=made)
        return made

    def stop(self, workload: Workload) -> None:
        """As kubelet does; RemovePodSandbox calls DEL a second time."""
        self.cri.call("StopPodSandbox", pod_sandbox_id=workload.id)
        self.cri.call("RemovePodSandbox", pod_sandbox_id=workload.id)

    def died(self, workload: Workload) -> None:
        """kubelet sees a sandbox that is no longer ready, and stops and removes it."""
        eventually(lambda: not self.ready(workload))
        self.stop(workload)

    def ready(self, workload: Workload) -> bool:
        status, _ = self.cri.status("PodSandboxStatus", pod_sandbox_id=workload.id)
        return status.get(3, [_READY]) == [_READY]

    def exited(self, container: str) -> bool:
        status, _ = self.cri.status("ContainerStatus", container_id=container)
        return status.get(3) == [_EXITED]

    def connect(self) -> None:
        """CRI answers a moment later than containerd, and knows an image a moment after its import."""
        self.cri = Cri(self.containerd.socket)
        eventually(self._knows_image, seconds=SECONDS)

    def _knows_image(self) -> bool:
        try:
            return 1 in self.cri.call("ImageStatus", image={"image": image.NAME})
        except grpc.RpcError as e:
            if "not initialized" not in e.details():
                raise
            return False

    def ip(self, workload: Workload) -> str:
        """The pod's address as kubelet reports it."""
        status, _ = self.cri.status("PodSandboxStatus", pod_sandbox_id=workload.id)
        network: bytes = status[5][0]
        return network[2:].decode()

    def restart(self, workload: Workload) -> Workload:
        """A pod gets a new sandbox; the old one is stopped before."""
        self.stop(workload)
        return self.start(workload.name, attempt=1)


class Ctr:
    """`ctr run --cni`, whose fixed paths are bound to the tests' folders in a mount namespace of its own."""

    def __init__(self, containerd: Containerd, networks: Path, plugins: Path) -> None:
        self.containerd, self.networks, self.plugins = containerd, networks, plugins
        self.running: dict[str, subprocess.Popen[str]] = {}

    def close(self) -> None:
        for name in list(self.running):
            self._abandon(name)

    def start(self, name: str, *, broken: bool = False) -> Workload:
        bound = (
            "mkdir -p /etc/cni/net.d && mount --bind $1 /etc/cni/net.d && mount -t tmpfs private /opt &&"
            ' mkdir -p /opt/cni && ln -s $2 /opt/cni/bin && shift 2 && exec "$@"'
        )
        networks = self.networks / ("broken" if broken else "good")
        argv = [
            "ctr",
            "--address",
            str(self.containerd.socket),
            "run",
            "--rm",
            "--cni",
            "--cpu-shares=0",
            image.NAME,
            name,
        ]
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", bound, "-", str(networks), str(self.plugins), *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={"PATH": os.environ["PATH"]},
        )
        self.running[name] = process
        eventually(lambda: process.poll() is not None or self._started(name), seconds=SECONDS)
        if process.returncode is not None:
            said = self._ended(name)
            self._remove(name)
            raise Refused(said)
        return Workload(name, f"default-{name}", pid=self._pid(name))

    def _started(self, name: str) -> bool:
        return sleeps(self._pid(name))

    def _pid(self, name: str) -> int:
        for line in self.containerd.ctr("tasks", "list").splitlines()[1:]:
            task, pid, _ = line.split()
            if task == name:
                return int(pid)
        return 0

    def _ended(self, name: str) -> str:
        return self.running.pop(name).communicate(timeout=SECONDS)[1]

    def _remove(self, name: str) -> None:
        """After an ADD that failed, ctr leaves the container's first process, waiting for a start, to its user."""
        if self._pid(name):
            self.containerd.ctr("tasks", "delete", "--force", name)
        if name in self.containerd.ctr("containers", "list", "--quiet").split():
            self.containerd.ctr("containers", "delete", name)

    def stop(self, workload: Workload) -> None:
        self.containerd.ctr("tasks", "kill", "--signal", "SIGKILL", workload.name)
        self._ended(workload.name)

    def died(self, workload: Workload) -> None:
        """The waiting ctr sees it and cleans up."""
        said = self._ended(workload.name)
        assert "network" not in said, said

    def abandon(self, workload: Workload) -> None:
        """The ctr that waits is killed, and then its container, for which nobody calls DEL any more."""
        self._abandon(workload.name)

    def _abandon(self, name: str) -> None:
        self.running[name].kill()
        self._ended(name)
        self._remove(name)

    def restart(self, workload: Workload) -> Workload:
        self.stop(workload)
        return self.start(workload.name)
