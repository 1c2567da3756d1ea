from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nuage_chain.attachment import placing, settings, sources
from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.placing import Placed
from nuage_chain.attachment.record import Record
from nuage_chain.attachment.settings import Placement
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, NuageChainError, OrchestratorRefused, OrchestratorUnreachable, TryAgainLater
from nuage_chain.vrs.switch import Switch
from tests.unit.attachment.samples import a_record
from tests.unit.orchestrators.servers import ApiServer, Kubemon, silence

Asked = Callable[..., Request]
NODE: dict[str, Any] = {"enterprise": "Acme", "domain": "Shop"}
POD = "shop/web-1"


class Surroundings:
    """A world whose switch has so many other ports of the pod, and which remembers what it was told."""

    def __init__(self, others: int = 0, under_way: Sequence[Record] = ()) -> None:
        self.notices: list[str] = []
        self.record = a_record()
        self.commits: list[str] = []
        self.under_way = under_way
        self.use(SimpleNamespace(with_mark=lambda *_: [None] * others, close=lambda: None))

    def use(self, switch: SimpleNamespace) -> None:
        journal = SimpleNamespace(records=lambda: [self.record, *self.under_way])
        self.world = World(
            "node1",
            switch=lambda _: cast("Switch", switch),
            journal=lambda _: cast("Journal", journal),
            notice=self.notices.append,
        )


@contextmanager
def placed(request: Request, file: Path, there: Surroundings | None = None, seconds: float = 20) -> Iterator[Placed]:
    layers, there = sources.layers(request, config_file=file), there or Surroundings()
    record = there.record
    with placing.placed(
        request, layers, there.world, Deadline(seconds), record, lambda: there.commits.append(record.monitored)
    ) as found:
        yield found


def placement(request: Request, file: Path) -> Placement:
    with placed(request, file) as found:
        return found.settings.placement()


@pytest.fixture
def monitored(kubemon: Kubemon) -> dict[str, Any]:
    return {**NODE, "kubemon": kubemon.settings}


@pytest.fixture
def both(monitored: dict[str, Any], api: ApiServer, tmp_path: Path) -> dict[str, Any]:
    return {**monitored, "kubernetes": {"kubeconfig": str(api.kubeconfig(tmp_path / "kubeconfig"))}}


def test_nobody_is_asked_where_nothing_is_configured(asked: Asked, node_file: Path) -> None:
    place = placement(asked(zone="z", subnet="s", **NODE), node_file)
    assert (place.zone, place.subnet) == ("z", "s")


@pytest.mark.parametrize("args", ["K8S_POD_NAMESPACE=", "K8S_POD_NAME="])
def test_nobody_is_asked_about_what_is_no_pod(
    asked: Asked, node_file: Path, both: dict[str, Any], kubemon: Kubemon, api: ApiServer, args: str
) -> None:
    assert placement(asked(args, zone="z", subnet="s", **both), node_file).subnet == "s"
    assert (kubemon.heard, api.heard) == ([], [])


def test_the_monitors_subnet_is_in_the_namespaces_zone(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    with placed(asked(zone="z", subnet="s", **monitored), node_file) as found:
        place = found.settings.placement()
    assert (place.zone, place.subnet, found.monitored) == ("shop", "shop-0", POD)
    assert [h.body for h in kubemon.heard] == [{"podName": "web-1"}]


def test_a_network_may_be_kept_from_the_monitor(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    entry = {**monitored, "kubemon": {**monitored["kubemon"], "ask": False}}
    assert placement(asked(zone="z", subnet="s", **entry), node_file).subnet == "s"
    assert kubemon.heard == []


LABELS = [
    ({}, ("shop", "shop-0"), {"podName": "web-1"}),
    ({"zone": "shop"}, ("shop", "shop-0"), {"podName": "web-1"}),
    ({"subnet": "web"}, ("shop", "web"), {"podName": "web-1"}),
    ({"zone": "shop", "subnet": "web"}, ("shop", "web"), {"podName": "web-1"}),
    (
        {"zone": "ops", "subnet": "ops-1"},
        ("ops", "ops-1"),
        {"podName": "web-1", "desiredZone": "ops", "desiredSubnet": "ops-1"},
    ),
]


@pytest.mark.parametrize(("labels", "expected", "body"), LABELS)
def test_labels_and_monitor_agree_on_zone_and_subnet(
    asked: Asked, node_file: Path, both: dict[str, Any], kubemon: Kubemon, api: ApiServer,
    labels: dict[str, str], expected: tuple[str, str], body: dict[str, str],
) -> None:  # fmt: skip
    api.pod(POD, **labels)
    place = placement(asked(**both), node_file)
    assert (place.zone, place.subnet) == expected
    assert kubemon.heard[0].body == body


@pytest.mark.parametrize("args", ["NUAGE_ZONE=ops;NUAGE_SUBNET=ops-1", ""])
def test_a_wish_from_nearer_than_the_labels_is_the_one_that_is_told(
    asked: Asked, node_file: Path, both: dict[str, Any], kubemon: Kubemon, api: ApiServer, args: str
) -> None:
    api.pod(POD, zone="lab", subnet="lab-1")
    place = placement(asked(args, **both), node_file)
    assert (place.zone, place.subnet) == (("ops", "ops-1") if args else ("lab", "lab-1"))
    assert kubemon.heard[0].body["desiredZone"] == place.zone


@pytest.mark.parametrize("where", ["label", "annotation", "without the monitor"])
def test_a_zone_without_a_subnet_is_an_error(
    asked: Asked, node_file: Path, both: dict[str, Any], kubemon: Kubemon, api: ApiServer, where: str
) -> None:
    api.pod(POD, **({} if where == "annotation" else {"zone": "ops"}))
    annotations = {"io.kubernetes.cri.pod-annotations": {"nuage.io/zone": "ops"} if where == "annotation" else None}
    entry = {k: v for k, v in both.items() if where != "without the monitor" or k != "kubemon"}
    with pytest.raises(BadConfig, match=r"Pod shop/web-1 asks for the zone 'ops' and for no subnet"):
        placement(asked(subnet="s", runtimeConfig=annotations, **entry), node_file)
    assert kubemon.heard == []


def test_a_zone_that_the_monitor_manages_is_refused_in_its_words(
    asked: Asked, node_file: Path, both: dict[str, Any], kubemon: Kubemon, api: ApiServer
) -> None:
    api.pod(POD, zone="front", subnet="web")
    with pytest.raises(OrchestratorRefused, match="Zone controlled by Nuage Monitor"):
        placement(asked(**both), node_file)
    assert kubemon.said(action="delete") == []


def test_all_policy_groups_survive(
    asked: Asked, node_file: Path, both: dict[str, Any], kubemon: Kubemon, api: ApiServer
) -> None:
    kubemon.groups[POD] = ["m1", "m2"]
    api.pods[POD] = {"metadata": {"labels": {"nuage.io/policy-group.b": "l2", "nuage.io/policy-group": "l1"}}}
    assert placement(asked(**both), node_file).policy_groups == ("m1", "m2", "l1", "l2")


@pytest.mark.parametrize(("groups", "expected"), [(None, ("e",)), (["m", "e"], ("m", "e"))])
def test_the_monitors_policy_groups_come_on_top_of_those_of_the_list(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon, groups: list[str] | None, expected: Any
) -> None:
    kubemon.groups[POD] = groups
    assert placement(asked(policyGroups=["e"], **monitored), node_file).policy_groups == expected


def test_labels_alone_are_above_the_list_and_below_cni_args(
    asked: Asked, node_file: Path, both: dict[str, Any], api: ApiServer
) -> None:
    api.pod(POD, zone="lab", subnet="lab-1", user="bob", redirection_target="balancer", static_ip="10.0.0.9")
    entry = {k: v for k, v in both.items() if k != "kubemon"}
    place = placement(asked("NUAGE_SUBNET=near", zone="z", subnet="s", user="admin", **entry), node_file)
    assert (place.zone, place.subnet, place.user) == ("lab", "near", "bob")
    assert (place.redirection_targets, [str(a) for a in place.static_ips]) == (("balancer",), ["10.0.0.9"])


def test_the_pod_is_given_back_when_the_add_fails(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    with pytest.raises(RuntimeError), placed(asked(**monitored), node_file):
        raise RuntimeError
    assert [h.body.get("action", "added") for h in kubemon.heard] == ["added", "delete"]
    assert kubemon.allocations == {}


def test_a_pod_that_has_another_port_keeps_its_subnet_when_an_add_fails(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    with pytest.raises(RuntimeError), placed(asked(**monitored), node_file, Surroundings(others=1)):
        raise RuntimeError
    assert kubemon.allocations == {POD: "shop-0"}


def test_a_pod_in_a_zone_of_its_own_is_never_given_back(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    with pytest.raises(RuntimeError), placed(asked("NUAGE_ZONE=ops;NUAGE_SUBNET=o", **monitored), node_file):
        raise RuntimeError
    assert kubemon.said(action="delete") == []


def test_a_pod_is_given_back_when_the_answer_came_too_late(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    kubemon.delay = 8
    with pytest.raises(OrchestratorUnreachable), placed(asked(**monitored), node_file, seconds=3):
        pytest.fail("it was not placed")
    assert kubemon.said(action="delete") == [{"podName": "web-1", "action": "delete"}]


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_a_monitor_without_a_client_certificate_is_told_with_the_key(
    asked: Asked, node_file: Path, monitored: dict[str, Any], missing: str
) -> None:
    del monitored["kubemon"][missing]
    with pytest.raises(BadConfig, match=f"`kubemon.{missing}` is not set"):
        placement(asked(**monitored), node_file)


def test_an_add_fails_when_the_labels_cannot_be_read(
    asked: Asked, node_file: Path, both: dict[str, Any], api: ApiServer, kubemon: Kubemon
) -> None:
    api.forced = (503, b"")
    with pytest.raises(TryAgainLater, match="503"):
        placement(asked(**both), node_file)
    assert kubemon.heard == []


def test_a_label_that_is_no_address_is_told_with_the_pod(
    asked: Asked, node_file: Path, both: dict[str, Any], api: ApiServer
) -> None:
    api.pod(POD, static_ip="web")
    with pytest.raises(BadConfig, match="`staticIP` is 'web'"):
        placement(asked(**both), node_file)


def released(entry: dict[str, Any], asked: Asked, file: Path, there: Surroundings, monitored: str = POD) -> str:
    """Why nuagekubemon does not know of the end; empty where it does."""
    node = settings.merge(sources.layers(asked(**entry), config_file=file), "node1")
    there.record.monitored = monitored
    return str(placing.released(there.record, node, there.world, Deadline(20)) or "")


def test_the_end_of_a_pod_is_told_once_its_last_port_has_gone(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    there = Surroundings(others=1)
    released(monitored, asked, node_file, there)
    assert kubemon.heard == []
    kubemon.allocations[POD] = "shop-0"
    there = Surroundings()
    assert released(monitored, asked, node_file, there) == ""
    assert kubemon.said() == [{"podName": "web-1", "action": "delete"}]


@pytest.mark.parametrize("mark", ["", "shop", "../x/y"])
def test_a_mark_that_names_no_pod_is_told_to_nobody(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon, mark: str
) -> None:
    released(monitored, asked, node_file, Surroundings(), mark)
    assert kubemon.heard == []


def test_a_monitor_that_has_been_taken_from_the_configuration_is_not_told(
    asked: Asked, node_file: Path, kubemon: Kubemon
) -> None:
    assert released(NODE, asked, node_file, Surroundings()) == ""
    assert kubemon.heard == []


def test_a_monitor_that_fails_raises_nothing_and_says_why(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    kubemon.forced = (500, b'{"error": "etcd is away"}')
    assert "etcd is away" in released(monitored, asked, node_file, Surroundings())


def test_a_monitor_that_never_answers_costs_a_few_seconds(
    asked: Asked, node_file: Path, monitored: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "RELEASE_SECONDS", 1)
    with silence() as url:
        begin = time.monotonic()
        entry = {**monitored, "kubemon": {**monitored["kubemon"], "url": url}}
        assert "did not answer" in released(entry, asked, node_file, Surroundings())
    assert time.monotonic() - begin < 10


def test_a_switch_that_cannot_be_asked_raises_nothing_and_says_why(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    def fails(*_: Any) -> list[None]:
        raise TryAgainLater("OVSDB is away.")

    there = Surroundings()
    there.use(SimpleNamespace(with_mark=fails, close=lambda: None))
    assert "OVSDB is away" in released(monitored, asked, node_file, there)
    assert kubemon.heard == []


def test_the_error_of_an_add_is_the_one_that_is_raised_when_the_monitor_fails_too(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    def fails() -> None:
        kubemon.forced = (500, b"")
        raise NuageChainError("The first.")

    there = Surroundings()
    with pytest.raises(NuageChainError, match="The first"), placed(asked(**monitored), node_file, there):
        fails()
    assert len(there.notices) == 1
    assert there.record.owed == ["kubemon"]


def test_the_pod_is_in_the_journal_before_nuagekubemon_is_asked(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    there = Surroundings()
    with placed(asked(**monitored), node_file, there):
        pass
    assert there.commits == [POD]
    kubemon.forced = (500, b"")
    there = Surroundings()
    with pytest.raises(NuageChainError), placed(asked(**monitored), node_file, there):
        pytest.fail("it was not placed")
    assert there.commits == [POD]


def test_a_pod_whose_next_sandbox_is_on_its_way_is_not_given_back(
    asked: Asked, node_file: Path, monitored: dict[str, Any], kubemon: Kubemon
) -> None:
    there = Surroundings(under_way=[a_record(container_id="the-next", monitored=POD)])
    released(monitored, asked, node_file, there)
    assert kubemon.heard == []
