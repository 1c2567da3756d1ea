"""Containers on the lab's nodes, by podman and by containerd."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.integration.vagrant.lab import VSP, Host
from tests.integration.waiting import eventually

IMAGE = "localhost/lab:latest"
SECONDS = 60


@dataclass(frozen=True)
class Container:
    """One that runs. pid: of its first process, on its host."""

    host: Host
    name: str
    pid: int
    remove: Callable[[], object]

    def run(self, *command: str) -> tuple[int, str]:
        """A command of the host in the container's network."""
        return self.host.run("nsenter", "--target", str(self.pid), "--net", "--", *command)

    def sh(self, *command: str) -> str:
        return self.host.sh("nsenter", "--target", str(self.pid), "--net", "--", *command)

    def link(self) -> dict[str, object]:
        [found] = json.loads(self.sh("ip", "-j", "address", "show", "dev", "eth0"))
        return dict(found)

    def address(self, family: str = "inet") -> str:
        infos = self.link()["addr_info"]
        assert isinstance(infos, list)
        [found] = [info["local"] for info in infos if info["family"] == family and info["scope"] == "global"]
        return str(found)

    def pings(self, address: str, *options: str) -> bool:
        return self.run("ping", "-c", "3", "-i", "0.2", "-W", "2", *options, address)[0] == 0

    def meets(self, other: Container) -> None:
        """Waits until they ping each other: the other node hears a moment after an ADD where the container is."""
        eventually(lambda: self.pings(other.address()) and other.pings(self.address()), "they ping each other", SECONDS)

    def serve(self, port: int, content: str) -> None:
        """Answers by HTTP, on both families, until the container ends."""
        folder = f"/run/served-{self.name}-{port}"
        self.host.sh("sh", "-c", f"mkdir -p {folder} && printf %s '{content}' >{folder}/content")
        program = f"busybox httpd -p [::]:{port} -h {folder}"
        self.sh("sh", "-c", program)

    def reads(self, address: str, port: int) -> str | None:
        """What a server says; None when no connection comes about."""
        ask = 'exec 3<>"/dev/tcp/$0/$1" && printf "GET /content HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3'
        status, said = self.run("timeout", "3", "bash", "-c", ask, address, str(port))
        return said.partition("\r\n\r\n")[2] if status == 0 else None


def podman(host: Host, name: str, network: str = "nuage") -> Container:
    """By podman."""
    host.sh("podman", "run", "--detach", f"--name={name}", f"--network={network}", IMAGE)
    pid = int(host.sh("podman", "inspect", "--format={{.State.Pid}}", name))
    return Container(host, name, pid, lambda: host.sh("podman", "rm", "--force", "--time=0", name))


@contextlib.contextmanager
def running(host: Host, name: str, network: str = "nuage") -> Iterator[Container]:
    """As podman, and removed in the end."""
    container = podman(host, name, network)
    try:
        yield container
    finally:
        container.remove()


def containerd(host: Host, name: str) -> Container:
    """By containerd, through its own client, which has to live as long as the container to take it off the network."""
    unit = f"ctr-{name}"
    command = ("ctr", "run", "--rm", "--cni", "--cpu-shares=0", IMAGE, name, "sleep", "infinity")
    host.sh("systemd-run", "--quiet", "--collect", f"--unit={unit}", *command)

    def pid() -> int:
        for line in host.sh("ctr", "tasks", "list").splitlines()[1:]:
            task, number, _ = line.split()
            if task == name:
                return int(number)
        return 0

    def started() -> bool:
        return pid() != 0 and host.run("cat", f"/proc/{pid()}/comm")[1] == "sleep\n"

    def remove() -> None:
        host.sh("ctr", "tasks", "kill", "--signal", "SIGKILL", name)
        eventually(lambda: host.run("systemctl", "is-active", "--quiet", unit)[0] != 0, f"{unit} has ended", SECONDS)

    eventually(started, f"{name} runs: {host.run('journalctl', '--unit', unit)[1]}", SECONDS)
    return Container(host, name, pid(), remove)


def attached(host: Host) -> int:
    """How many containers the overlay has there, by that of VRS's two tables that knows of more."""
    client = ["ovsdb-client", "--timeout=10", "dump", "--format=json", f"unix:{VSP}/run/db.sock"]
    ports = json.loads(host.sh(*client, "Open_vSwitch", "Nuage_Port_Table", "name"))["data"]
    machines = json.loads(host.sh(*client, "Open_vSwitch", "Nuage_VM_Table", "vm_name"))["data"]
    return max(len(ports), len(machines))
