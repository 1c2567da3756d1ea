"""Real runtimes, each on the ready list 10-nuage.conflist and the overlay of the lab."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.lab import EXECUTABLE, Lab
from tests.integration.runtimes import image
from tests.integration.runtimes.base import Runtime, run, traces
from tests.integration.runtimes.containerd import Containerd, Ctr, Pods
from tests.integration.runtimes.libcni import Libcni
from tests.integration.runtimes.podman import Podman
from tests.integration.waiting import eventually


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert Path("/proc/self/cgroup").read_text().endswith("::/init\n"), (
        "no cgroups of their own (scripts/lib/private.sh)"
    )
    # The first network namespace of a machine makes the folder for all of them a mount.
    run("ip", "netns", "add", "first")
    run("ip", "netns", "delete", "first")
    return tmp_path_factory.mktemp("runtimes")


@pytest.fixture(scope="session")
def archive(folder: Path) -> Path:
    image.write(folder / "busybox.tar")
    return folder / "busybox.tar"


@pytest.fixture(scope="session")
def networks(whole_lab: Lab, folder: Path) -> Path:
    """Folders of lists: `good`, `broken` with a subnet that VSD does not have, and `all` with a second one more."""
    top = folder / "networks"
    good = json.loads(whole_lab.network("10-nuage.conflist").raw)
    broken = json.loads(whole_lab.network("10-nuage.conflist", subnet="nowhere").raw) | {"name": "nuage-broken"}
    second = json.loads(whole_lab.network("10-nuage.conflist", subnet="api").raw) | {"name": "nuage-api"}
    for where, lists in (("good", [good]), ("broken", [broken]), ("all", [good, broken, second])):
        (top / where).mkdir(parents=True)
        for content in lists:
            (top / where / f"{content['name']}.conflist").write_text(json.dumps(content))
    return top


@pytest.fixture(scope="session")
def plugins(folder: Path) -> Path:
    """One folder with all plugins, for runtimes that know one only."""
    together = folder / "plugins"
    together.mkdir()
    for plugin in (EXECUTABLE, Path("/usr/lib/cni/bridge"), Path("/usr/lib/cni/loopback")):
        (together / plugin.name).symlink_to(plugin)
    return together


@pytest.fixture(scope="session")
def one_podman(folder: Path, archive: Path, networks: Path) -> Iterator[Podman]:
    started = Podman(folder / "podman", archive, networks)
    yield started
    started.clear()


@pytest.fixture(scope="session")
def containerd(folder: Path, archive: Path, networks: Path, plugins: Path) -> Iterator[Containerd]:
    before = traces()
    started = Containerd(folder / "containerd", archive, networks, plugins)
    yield started
    started.down()
    assert [trace for trace in traces() - before if "containerd" in trace] == []


@pytest.fixture(scope="session")
def one_pods(containerd: Containerd) -> Iterator[Pods]:
    started = Pods(containerd)
    yield started
    started.close()


@pytest.fixture
def nothing_left(lab: Lab) -> Iterator[None]:
    """What the lab holds of attachments, this holds of everything else that a runtime makes."""
    before = traces()
    yield
    with contextlib.suppress(AssertionError):
        eventually(lambda: not traces() - before, seconds=10)
    assert sorted(traces() - before) == []


# What a test that failed has left is cleared away after nothing_left has seen it, and before the lab is looked at.
@pytest.fixture
def cleared_podman(lab: Lab, one_podman: Podman) -> Iterator[Podman]:
    yield one_podman
    one_podman.clear()


@pytest.fixture
def cleared_pods(lab: Lab, one_pods: Pods) -> Iterator[Pods]:
    yield one_pods
    one_pods.clear()


@pytest.fixture
def podman(cleared_podman: Podman, nothing_left: None) -> Podman:
    return cleared_podman


@pytest.fixture
def pods(cleared_pods: Pods, nothing_left: None) -> Pods:
    return cleared_pods


@pytest.fixture
def ctr(containerd: Containerd, networks: Path, plugins: Path, nothing_left: None) -> Iterator[Ctr]:
    started = Ctr(containerd, networks, plugins)
    yield started
    started.close()


@pytest.fixture
def libcni(lab: Lab, libcni_program: Path, networks: Path, nothing_left: None) -> Iterator[Libcni]:
    started = Libcni(lab, libcni_program, networks)
    yield started
    started.close()


@pytest.fixture(params=["podman", "pods", "ctr", "libcni"])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    started: Runtime = request.getfixturevalue(request.param)
    return started
