from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.attachment import settings
from nuage_chain.attachment import sources as layers
from nuage_chain.attachment.settings import Settings
from nuage_chain.audit import sources
from nuage_chain.cni.request import Request
from nuage_chain.orchestrators.cri import Cri
from nuage_chain.orchestrators.docker import Docker
from nuage_chain.orchestrators.mesos_agent import MesosAgent
from nuage_chain.orchestrators.node_pods import NodePods
from tests.unit.orchestrators.sockets import deserted

Node = Callable[..., Settings]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A node's settings; the usual sockets are in the test's folder, and none of them is there."""
    monkeypatch.setattr(sources, "USUAL", (tmp_path / "containerd", tmp_path / "crio"))
    monkeypatch.setattr(sources, "DOCKER", tmp_path / "docker")

    def made(**values: Any) -> Settings:
        (tmp_path / "config.yaml").write_text(json.dumps({"cniCache": "/cache", **values}))
        return settings.merge(layers.layers(Request("STATUS", ""), config_file=tmp_path / "config.yaml"), "host-1")

    return made


def test_without_anything_configured_or_there_only_the_cache_is_asked(node: Node) -> None:
    assert [source.name for source in sources.of(node(), "host-1")] == ["libcni's cache"]


def test_the_usual_sockets_are_asked_where_they_are_there_and_need_not_speak_cri(node: Node, tmp_path: Path) -> None:
    for name in ("containerd", "crio", "docker"):
        deserted(tmp_path / name)
    found = sources.of(node(), "host-1")[1:]
    assert [source.name for source in found] == [f"CRI {tmp_path}/containerd", f"CRI {tmp_path}/crio", "Docker"]
    assert [source.chosen for source in found if isinstance(source, Cri)] == [False, False]


def test_a_usual_name_that_is_no_socket_is_no_source(node: Node, tmp_path: Path) -> None:
    (tmp_path / "containerd").write_text("")
    (tmp_path / "docker").mkdir()
    assert [source.name for source in sources.of(node(), "host-1")] == ["libcni's cache"]


def test_what_is_configured_is_asked_alone_and_whether_it_is_there_or_not(node: Node, tmp_path: Path) -> None:
    deserted(tmp_path / "containerd")
    chosen = {"criSocket": "/none/cri", "dockerSocket": "/none/docker", "mesosAgent": "http://127.0.0.1:5051"}
    cri, docker, mesos = sources.of(node(**chosen), "host-1")[1:]
    assert isinstance(cri, Cri)
    assert (cri.socket, cri.chosen) == (Path("/none/cri"), True)
    assert isinstance(docker, Docker)
    assert docker.path == Path("/none/docker")
    assert isinstance(mesos, MesosAgent)
    assert mesos.url == "http://127.0.0.1:5051"


@pytest.mark.parametrize(("named", "expected"), [({}, "host-1"), ({"node": "node-1"}, "node-1")])
def test_the_api_server_is_asked_for_this_nodes_pods(node: Node, named: dict[str, str], expected: str) -> None:
    found = sources.of(node(kubernetes={"kubeconfig": "/etc/kubernetes/kubelet.conf", **named}), "host-1")[1]
    assert isinstance(found, NodePods)
    assert found.node == expected
