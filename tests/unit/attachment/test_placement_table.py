"""docs/placement.md: every example of its table is run, and the order of its lines is the precedence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nuage_chain.attachment import placing, sources
from nuage_chain.attachment.settings import Placement
from nuage_chain.attachment.state import World
from nuage_chain.cni.request import Request
from nuage_chain.deadline import Deadline
from tests.unit.attachment.samples import a_record
from tests.unit.orchestrators.servers import ApiServer, Kubemon

Asked = Callable[..., Request]
DOCUMENT = (Path(__file__).parents[3] / "docs" / "placement.md").read_text()
ELSEWHERE = {"enterprise": "Other", "domain": "Other", "zone": "other", "subnet": "other"}
WEB_DB = ("web", "db")


def table() -> dict[str, str]:
    """What stands in the first column, and the example in the last."""
    lines = DOCUMENT.split("| where |")[1].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {row[0].strip(): row[-1].strip().strip("`") for row in cells}


EXAMPLES = table()
PREDECESSOR, NODE, ENTRY, MONITOR, LABELS, ARGS, ARGS_LABELS, MESOS, CNI_ARGS, IPS, ANNOTATIONS = EXAMPLES

# What each example has to give; a line that is added to the table needs one here.
GIVES: dict[str, dict[str, Any]] = {
    PREDECESSOR: {"enterprise": "Acme"},
    NODE: {"subnet": "web"},
    ENTRY: {"policy_groups": WEB_DB},
    MONITOR: {"subnet": "shop-0", "policy_groups": ("web",)},
    LABELS: {"zone": "ops", "subnet": "ops-1", "policy_groups": WEB_DB},
    ARGS: {"subnet": "web"},
    ARGS_LABELS: {"subnet": "web", "static_ip": "10.10.1.42"},
    MESOS: {"subnet": "web", "policy_groups": WEB_DB},
    CNI_ARGS: {"subnet": "web", "policy_groups": WEB_DB},
    IPS: {"static_ip": "10.10.1.42"},
    ANNOTATIONS: {"subnet": "web", "policy_groups": WEB_DB},
}


class Places:
    """Writes to each place what a test wants there, and asks where the pod belongs."""

    def __init__(self, folder: Path, kubemon: Kubemon, api: ApiServer, asked: Asked) -> None:
        self.folder, self.kubemon, self.api, self.asked = folder, kubemon, api, asked
        self.node: dict[str, Any] = {}
        self.entry: dict[str, Any] = {}
        self.args = ""

    def put(self, where: str, text: str) -> None:
        if where == PREDECESSOR:
            (self.folder / "vsp-k8s.yaml").write_text(text)
        elif where == NODE:
            self.node |= yaml.safe_load(text)
        elif where == CNI_ARGS:
            self.args = text
        elif where == MONITOR:
            answer = json.loads(text)
            self.kubemon.subnets["shop"], self.kubemon.groups["shop/web-1"] = (
                answer["subnetName"],
                answer["policyGroups"],
            )
            self.entry["kubemon"] = self.kubemon.settings
        elif where == LABELS:
            self.api.pods["shop/web-1"] = {"metadata": {"labels": json.loads(text)}}
            self.entry["kubernetes"] = {"kubeconfig": str(self.api.kubeconfig(self.folder / "kubeconfig"))}
        else:
            self.entry = _joined(self.entry, json.loads(text if text.startswith("{") else f"{{{text}}}"))

    def placement(self) -> Placement:
        file = self.folder / "config.yaml"
        file.write_text(yaml.safe_dump(self.node))
        request = self.asked(self.args, **self.entry)
        layers = sources.layers(request, config_file=file)
        with placing.placed(request, layers, World("node1"), Deadline(20), a_record(), lambda: None) as found:
            return found.settings.placement()


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {**one, **other}
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict):
            both[key] = _joined(one[key], other[key])
    return both


@pytest.fixture
def places(tmp_path: Path, kubemon: Kubemon, api: ApiServer, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Places:
    known = sources.PREDECESSOR[Path("/usr/share/vsp-k8s/vsp-k8s.yaml")]
    file = tmp_path / "vsp-k8s.yaml"
    file.write_text(yaml.safe_dump({"enterpriseName": "Other"}))
    monkeypatch.setattr(sources, "PREDECESSOR", {file: known})
    made = Places(tmp_path, kubemon, api, asked)
    made.node = {k: v for k, v in ELSEWHERE.items() if k != "enterprise"}
    return made


@pytest.mark.parametrize("where", EXAMPLES)
def test_the_example_of_each_place_works(places: Places, where: str) -> None:
    places.put(where, EXAMPLES[where])
    found = places.placement()
    given = {name: getattr(found, name) for name in GIVES[where] if name != "static_ip"}
    given |= {"static_ip": ",".join(map(str, found.static_ips))} if found.static_ips else {}
    assert given == GIVES[where]


_MESOS = '{{"args": {{"org.apache.mesos": {{"network_info": {{"labels": [{{"key": "network", "value": "{}"}}]}}}}}}}}'
# How to write one name at each place.
SUBNET: dict[str, str] = {
    NODE: "subnet: {}",
    ENTRY: '"subnet": "{}"',
    MONITOR: '{{"subnetName": "{}", "policyGroups": null}}',
    LABELS: '{{"nuage.io/subnet": "{}"}}',
    ARGS_LABELS: '{{"args": {{"cni": {{"labels": [{{"key": "nuage.io/subnet", "value": "{}"}}]}}}}}}',
    MESOS: _MESOS,
    CNI_ARGS: "NUAGE_SUBNET={}",
    ANNOTATIONS: '{{"runtimeConfig": {{"io.kubernetes.cri.pod-annotations": {{"nuage.io/subnet": "{}"}}}}}}',
}  # fmt: skip
STRONGER = list(SUBNET)


@pytest.mark.parametrize("number", range(1, len(STRONGER)))
def test_a_lower_line_wins(places: Places, number: int) -> None:
    for name, where in (("stronger", STRONGER[number]), ("weaker", STRONGER[number - 1])):
        places.put(where, SUBNET[where].format(name))
    assert places.placement().subnet == "stronger"


def test_the_predecessors_file_is_the_weakest(places: Places) -> None:
    places.put(PREDECESSOR, "enterpriseName: weaker")
    places.put(NODE, "enterprise: stronger")
    assert places.placement().enterprise == "stronger"
