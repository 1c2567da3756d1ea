"""Fixtures of the command line's tests (tests/integration/cli/driver.py)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.driver import Cli, docker
from tests.integration.cli.vsp import Vsp
from tests.integration.lab import Lab
from tests.integration.waiting import eventually


@pytest.fixture
def cli(lab: Lab, tmp_path: Path) -> Cli:
    return Cli(lab, tmp_path)


@pytest.fixture
def vsp(tmp_path: Path) -> Iterator[Vsp]:
    made = Vsp(tmp_path / "vsp")
    yield made
    made.end()


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Docker daemon of the tests' own, without a network of its own, with one image, busybox."""
    folder = tmp_path_factory.mktemp("docker")
    cgroup, address = f"nuage-chain-{os.getpid()}", f"unix://{folder}/sock"
    argv = ["dockerd", "--storage-driver=overlay2", f"--data-root={folder}/data", f"--exec-root={folder}/exec"]
    argv += [f"--pidfile={folder}/pid", f"--host={address}", f"--cgroup-parent=/{cgroup}"]
    argv += ["--bridge=none", "--iptables=false", "--ip6tables=false"]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
    try:
        eventually(
            lambda: daemon.poll() is not None or docker(address, "version", check=False).returncode == 0, seconds=30
        )
        assert daemon.poll() is None, (folder / "log").read_text()[-2000:]
        _import_busybox(address, folder / "root")
        yield address
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)
        # One where the hierarchy is the unified one, else one for each controller.
        for top in (p for pattern in (cgroup, f"*/{cgroup}") for p in Path("/sys/fs/cgroup").glob(pattern)):
            for path in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
                path.rmdir()
            top.rmdir()


def _import_busybox(address: str, root: Path) -> None:
    (root / "bin").mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is not installed"
    shutil.copy(busybox, root / "bin" / "busybox")
    for applet in ("sh", "sleep", "ip", "cat", "ping"):
        (root / "bin" / applet).symlink_to("busybox")
    image = root.with_suffix(".tar")
    subprocess.run(["tar", "-C", str(root), "-cf", str(image), "."], check=True)
    docker(address, "import", str(image), "busybox:latest")
