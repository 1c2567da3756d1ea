from __future__ import annotations

from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OrchestratorRefused, OrchestratorReplyLost, TryAgainLater
from nuage_chain.orchestrators import kubeconfig, kubernetes
from nuage_chain.orchestrators.pod import Pod
from tests.unit.orchestrators.servers import ApiServer

WEB = Pod("shop", "web-1", "uid-1")


@pytest.fixture
def config(api: ApiServer, tmp_path: Path) -> Path:
    return api.kubeconfig(tmp_path / "kubeconfig")


def test_the_labels_of_the_pod_are_asked_for(api: ApiServer, config: Path, deadline: Deadline) -> None:
    api.pod("shop/web-1", subnet="web", policy_group="a")
    found = kubernetes.labels(kubeconfig.read(config), WEB, deadline)
    assert found == {"nuage.io/subnet": "web", "nuage.io/policy-group": "a"}
    assert "PartialObjectMetadata" in api.heard[0].headers["accept"]


@pytest.mark.parametrize("metadata", [{"uid": "uid-1"}, {"uid": "uid-1", "labels": None}, {}])
def test_a_pod_without_labels_has_none(
    api: ApiServer, config: Path, deadline: Deadline, metadata: dict[str, str]
) -> None:
    api.pods["shop/web-1"] = {"metadata": metadata}
    assert kubernetes.labels(kubeconfig.read(config), WEB, deadline) == {}


def test_a_pod_that_is_not_there_is_told(api: ApiServer, config: Path, deadline: Deadline) -> None:
    with pytest.raises(OrchestratorRefused, match='with 404: pods "shop/web-1" not found'):
        kubernetes.labels(kubeconfig.read(config), WEB, deadline)


def test_the_labels_of_a_newer_pod_of_that_name_are_not_taken(api: ApiServer, config: Path, deadline: Deadline) -> None:
    api.pod("shop/web-1", "uid-2", subnet="web")
    with pytest.raises(TryAgainLater, match="uid-2 has its name"):
        kubernetes.labels(kubeconfig.read(config), WEB, deadline)


def test_the_mirror_of_a_static_pod_is_the_pod(api: ApiServer, config: Path, deadline: Deadline) -> None:
    api.pod("shop/web-1", "uid-2", {"kubernetes.io/config.mirror": "uid-1"}, subnet="web")
    assert kubernetes.labels(kubeconfig.read(config), WEB, deadline) == {"nuage.io/subnet": "web"}


def test_something_that_is_no_pod_is_told(api: ApiServer, config: Path, deadline: Deadline) -> None:
    api.forced = (200, b"{}")
    with pytest.raises(OrchestratorReplyLost, match="no pod"):
        kubernetes.labels(kubeconfig.read(config), WEB, deadline)


def test_too_many_requests_are_tried_again_later(api: ApiServer, config: Path, deadline: Deadline) -> None:
    api.forced = (429, b'{"message": "slow down"}')
    with pytest.raises(TryAgainLater, match="with 429: slow down"):
        kubernetes.labels(kubeconfig.read(config), WEB, deadline)


def test_a_token_that_is_refused_is_not_repeated(api: ApiServer, tmp_path: Path, deadline: Deadline) -> None:
    config = api.kubeconfig(tmp_path / "kubeconfig", user={"token": "s3cret"})
    server = kubeconfig.read(config)
    with pytest.raises(OrchestratorRefused, match="with 401: Unauthorized") as caught:
        kubernetes.labels(server, WEB, deadline)
    assert "s3cret" not in f"{caught.value.message} {caught.value.hint} {server!r}"
