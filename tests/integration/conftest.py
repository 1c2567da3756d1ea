"""Fixtures of the lab (tests/integration/lab.py)."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.integration.audit.audits import Audits
from tests.integration.lab import NOTHING, Container, Lab

CLIENT = Path(__file__).parent / "libcni_client"
GO_LIBRARIES = Path("/usr/share/gocode")
GO_PACKAGES = "golang-go golang-github-appc-cni-dev"


@pytest.fixture(scope="session")
def whole_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    assert os.environ.get("NUAGE_CHAIN_PRIVATE"), "These tests need namespaces of their own: run them by scripts/test."
    folder = tmp_path_factory.mktemp("lab")
    started = Lab(folder / "vsp", folder / "cni")
    try:
        yield started
    finally:
        started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what the daemons have said, since nothing of them is left afterwards."""
    report = yield
    lab = getattr(item, "funcargs", {}).get("whole_lab")
    if report.failed and lab is not None:
        report.sections.append(("the VSP's logs", lab.logs()))
    return report


@pytest.fixture
def lab(whole_lab: Lab) -> Iterator[Lab]:
    """The lab for one test, which has to leave nothing of its attachments."""
    if not whole_lab.clean():
        # The test that left it so has failed already; those after it are not to fail for the same reason.
        whole_lab.renew()
    yield whole_lab
    for container in list(whole_lab.containers):
        whole_lab.remove(container)
    whole_lab.forget_results()
    whole_lab.settle(NOTHING)


@pytest.fixture
def transfers() -> Callable[[Container, Container, str], bool]:
    """Whether a megabyte goes from one container to an address of another by TCP, and arrives as it was."""

    def work(client: Container, server: Container, address: str) -> bool:
        payload = os.urandom(1 << 20)
        with server.listen(address) as listening, client.connect(address) as sending:
            listening.settimeout(5)
            receiving, _ = listening.accept()
            with receiving:
                receiving.settimeout(5)
                received = b""
                view = memoryview(payload)
                sending.setblocking(False)
                while len(received) < len(payload):
                    with contextlib.suppress(BlockingIOError):
                        view = view[sending.send(view) :] if view else view
                    received += receiving.recv(1 << 16)
        return received == payload

    return work


@pytest.fixture(scope="session")
def libcni_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client of the reference library (tests/integration/libcni_client), built."""
    go = shutil.which("go")
    assert go, f"Go is missing: apt-get install -y --no-install-recommends {GO_PACKAGES}"
    libcni = GO_LIBRARIES / "src/github.com/containernetworking/cni/libcni"
    assert libcni.is_dir(), f"libcni is missing: apt-get install -y --no-install-recommends {GO_PACKAGES}"
    folder = tmp_path_factory.mktemp("libcni")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GOCACHE": str(folder / "cache"),
        "GOPATH": str(GO_LIBRARIES),
        "GO111MODULE": "off",
        "CGO_ENABLED": "0",
    }
    built = folder / "libcni_client"
    done = subprocess.run(
        [go, "build", "-o", built, "."], cwd=CLIENT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return built


@pytest.fixture
def audits(lab: Lab, tmp_path: Path) -> Iterator[Audits]:
    yield Audits(lab, tmp_path)
    Path("/var/lib/nuage-chain/audit.json").unlink(missing_ok=True)
