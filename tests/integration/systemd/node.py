"""A node with a systemd of its own: systemd-nspawn on a layer over the tree that scripts/lib/node.sh builds.

It lives in the namespaces of the test run (scripts/lib/private.sh), whose end ends it; nothing of it is on a disk.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.integration.waiting import eventually

ROOT = Path(__file__).parents[3]
BUILT = ROOT / ".venv" / "node"
CGROUPS = Path("/sys/fs/cgroup")
_STARTED = ("running", "degraded")


class Node:
    """One machine. options: of systemd-nspawn, such as a link to other machines, or a folder of this one."""

    def __init__(self, name: str, folder: Path, options: Sequence[str] = ("--private-network",)) -> None:
        assert (BUILT / ".stamp").exists(), "There is no test node: scripts/test builds it (scripts/lib/node.sh)."
        self.name, self.root, self._upper = name, folder / "root", folder / "upper"
        self._cgroup, self._log = CGROUPS / name, folder / "console.log"
        self._options = tuple(options)
        self._process: subprocess.Popen[bytes] | None = None
        work = folder / "work"
        for path in (self.root, self._upper, work):
            path.mkdir(parents=True)
        layers = f"lowerdir={BUILT / 'root'},upperdir={self._upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "node", self.root], check=True)
        self.at("/etc/hostname").write_text(f"{name}\n")

    def boot(self) -> None:
        """Starts it, and waits until systemd has nothing to start any more."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [ROOT / "scripts/lib/nspawn.sh", self.name, self.root, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(lambda: self._init() is not None, "it has a first process", 20)
        eventually(lambda: self.sh("systemctl", "is-system-running", check=False).strip() in _STARTED, "it is up", 60)

    def power_off(self) -> None:
        """As `poweroff` on the machine itself."""
        self.sh("systemctl", "--no-block", "poweroff")
        assert self._process is not None
        assert self._process.wait(60) == 0, self.console()

    def reboot(self) -> None:
        """Ends as a machine does, and starts again on the same disk."""
        self.power_off()
        self.boot()

    def reset(self) -> None:
        """As if somebody had pulled the plug and put it in again: no process gets to do anything."""
        (self._cgroup / "cgroup.kill").write_text("1")
        assert self._process is not None
        self._process.wait(20)
        eventually(lambda: "populated 0" in (self._cgroup / "cgroup.events").read_text(), "all have ended", 20)
        self.boot()

    def close(self) -> None:
        """Ends it without ceremony, and takes its files away."""
        if self._process is not None and self._process.poll() is None:
            (self._cgroup / "cgroup.kill").write_text("1")
            self._process.wait(20)
        eventually(self._remove_cgroup, "its cgroups are gone", 10)
        subprocess.run(["umount", "--lazy", self.root], check=True)

    def sh(self, *command: str | Path, check: bool = True, seconds: float = 60) -> str:
        """What the command prints on both streams, run inside."""
        done = self.run(*command, seconds=seconds)
        assert done.returncode == 0 or not check, f"{shlex.join(map(str, command))}: {done.stdout}"
        return done.stdout

    def run(self, *command: str | Path, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """The command run inside, with both streams in one."""
        return subprocess.run(
            [*self._enter(), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        """The command, which goes on inside."""
        return subprocess.Popen(
            [*self._enter(), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, as systemd writes them."""
        lines = self.sh("systemctl", "show", unit, *(f"--property={p}" for p in properties)).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def inside(self, path: str | Path) -> Path:
        """The running node's path as it is to be opened from outside, its sockets and mounts as well."""
        return Path(f"/proc/{self._init()}/root") / Path(path).relative_to("/")

    def at(self, path: str | Path) -> Path:
        """The path on the node's disk, whether it runs or not."""
        return self.root / Path(path).relative_to("/")

    def console(self) -> str:
        """The end of what it has said."""
        return self._log.read_text(errors="replace")[-3000:]

    def _enter(self) -> list[str]:
        init = self._init()
        assert init is not None, f"{self.name} does not run: {self.console()}"
        return ["nsenter", "--target", str(init), "--all", "env", "-i", f"PATH={_PATH}", "LC_ALL=C.UTF-8"]

    def _init(self) -> int | None:
        """The process that is the first one inside."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended: {self.console()}"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in children:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                    return int(pid)
        return None

    def _remove_cgroup(self) -> bool:
        for folder, _, _ in os.walk(self._cgroup, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        return not self._cgroup.exists()


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
