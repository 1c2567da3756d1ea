"""ADD and DEL on real parts: the reference plugins, Open vSwitch, OVN, HTTPS to a VSD."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable

import pytest

from nuage_chain.link import offload, veth
from nuage_chain.link.netns import inside
from nuage_chain.vrs import rows
from tests.integration.lab import Container, Lab
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root

Transfers = Callable[[Container, Container, str], bool]
EVERY_LIST = (
    "10-nuage.conflist",
    "20-nuage-host-local.conflist",
    "30-nuage-ptp.conflist",
    "40-nuage-bandwidth.conflist",
    "50-nuage-tuning.conflist",
)
OTHER_DOMAIN = {"NUAGE_DOMAIN": "Lab", "NUAGE_ZONE": "bench", "NUAGE_SUBNET": "web"}
ACTIVATIONS = ("split", "metadata")


def ip_of(container: Container) -> str:
    return container.addresses()[0].split("/")[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("file", EVERY_LIST)
def test_two_containers_of_a_ready_list_talk_and_leave_nothing(
    lab: Lab, transfers: Transfers, file: str, activation: str
) -> None:
    one, two = lab.container("one"), lab.container("two")
    for container in (one, two):
        result = lab.attach(container, file, activation=activation)
        assert [ip["address"] for ip in result["ips"]] == container.addresses()
    assert one.pings(ip_of(two))
    assert transfers(one, two, ip_of(two))
    assert [len(lab.vsd_objects(c)) for c in ("containers", "vports")] == [2, 2]
    for container in (one, two):
        lab.detach(container, file, activation=activation)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_subnets_of_one_domain_are_joined_by_the_gateway_and_domains_are_apart(
    lab: Lab, transfers: Transfers, activation: str
) -> None:
    web, api = lab.container("web"), lab.container("api", NUAGE_SUBNET="api")
    other = lab.container("other", **OTHER_DOMAIN)
    for container in (web, api, other):
        lab.attach(container, activation=activation)
    assert web.pings("10.10.1.1")
    assert transfers(web, api, ip_of(api))
    assert ipaddress.ip_address(ip_of(other)) in ipaddress.ip_network("10.10.1.0/24")
    for stranger, address in ((other, ip_of(api)), (api, "10.10.1.77")):
        assert not stranger.pings(address)
    with pytest.raises(OSError, match=r"timed out|unreachable|refused"), api.listen(ip_of(api)):
        other.connect(ip_of(api), seconds=1)
    for container in (web, api, other):
        lab.detach(container, activation=activation)


def test_the_overlays_address_is_in_the_result_with_gateway_and_default_route(lab: Lab) -> None:
    one = lab.container("one")
    result = lab.attach(one)
    [ip] = result["ips"]
    inner = result["interfaces"][ip["interface"]]
    assert (inner["name"], inner["sandbox"]) == ("eth0", one.netns)
    assert (ip["gateway"], result["routes"]) == ("10.10.1.1", [{"dst": "0.0.0.0/0", "gw": "10.10.1.1"}])
    assert "default via 10.10.1.1" in one.sh("ip", "route")
    lab.detach(one)


def test_the_address_of_ipam_is_pushed_to_the_overlay(lab: Lab) -> None:
    one = lab.container("one")
    result = lab.attach(one, "20-nuage-host-local.conflist")
    [interface] = lab.vsd_objects("containers")[0]["interfaces"]
    assert [f"{interface['IPAddress']}/24"] == one.addresses() == [result["ips"][0]["address"]]
    lab.detach(one, "20-nuage-host-local.conflist")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_static_address_is_asked_of_the_overlay(lab: Lab, activation: str) -> None:
    one = lab.container("one", IP="10.10.1.42")
    lab.attach(one, activation=activation)
    assert one.addresses() == ["10.10.1.42/24"]
    lab.detach(one, activation=activation)


def test_vsd_lists_the_container_under_its_names_with_groups_and_targets(lab: Lab) -> None:
    one = lab.container("one", K8S_POD_NAME="web-1", K8S_POD_NAMESPACE="shop")
    lab.attach(one, policyGroups=["web", "db"], redirectionTargets=["balancer"])
    [container], [vport] = lab.vsd_objects("containers"), lab.vsd_objects("vports")
    assert (container["name"], container["externalID"].split("@")[0]) == ("web-1", one.id)
    assert vport["name"].startswith("shop-web-1-eth0-")
    assert {g["name"] for g in lab.vsd_objects(f"vports/{vport['ID']}/policygroups")} == {"web", "db"}
    assert {t["name"] for t in lab.vsd_objects(f"vports/{vport['ID']}/redirectiontargets")} == {"balancer"}
    lab.detach(one)


def test_the_host_end_has_no_master_and_no_ipv6_and_the_container_no_checksum_offload(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    pair = veth.find(one.netns, "eth0", 5)
    assert pair.host.master == 0
    assert veth.ipv6_disabled(pair.host.name) == "1"
    assert inside(one.netns, lambda: offload.tx_checksum("eth0"), 5) is False
    lab.detach(one)


def test_the_mtu_is_set_on_both_ends(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one, mtu=1400)
    pair = veth.find(one.netns, "eth0", 5)
    assert (pair.host.mtu, pair.container.mtu) == (1400, 1400)
    lab.detach(one)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_two_interfaces_of_one_container_are_one_container_with_two_vports(lab: Lab, activation: str) -> None:
    one = lab.container("one")
    lab.attach(one, activation=activation)
    lab.attach(one, ifname="eth1", activation=activation, subnet="api")
    assert [len(lab.vsd_objects(c)) for c in ("containers", "vports")] == [1, 2]
    assert len(rows.from_set(lab.rows("Nuage_VM_Table")[0]["ports"])) == 2
    assert one.sh("ip", "-4", "route").count("default") == 1
    lab.detach(one, activation=activation)
    # In `metadata` activation the VSP cleans VSD up a moment later.
    eventually(lambda: [len(lab.vsd_objects(c)) for c in ("containers", "vports")] == [1, 1])
    assert one.addresses("eth1") != []
    lab.detach(one, ifname="eth1", activation=activation)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_two_containers_of_one_name_in_two_namespaces_stay_apart(lab: Lab, activation: str) -> None:
    one = lab.container("one", K8S_POD_NAME="web", K8S_POD_NAMESPACE="a")
    two = lab.container("two", K8S_POD_NAME="web", K8S_POD_NAMESPACE="b")
    for container in (one, two):
        lab.attach(container, activation=activation)
    lab.detach(one, activation=activation)
    assert [c["UUID"] for c in lab.vsd_objects("containers")] == [r["vm_uuid"] for r in lab.rows("Nuage_VM_Table")]
    assert two.pings("10.10.1.1")
    lab.detach(two, activation=activation)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_second_add_without_del_is_refused_and_the_first_stays(lab: Lab, activation: str) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    assert lab.call(lab.environment("ADD", one), lab.entry(previous, activation=activation)).status == 0
    before = lab.left()
    again = lab.call(lab.environment("ADD", one), lab.entry(previous, activation=activation))
    assert (again.status, again.document["code"] >= 100) == (1, True), again.stdout
    assert lab.left() == before
    assert one.pings("10.10.1.1")
    assert lab.call(lab.environment("DEL", one), lab.entry(activation=activation)).status == 0
    lab.unveth(one)


def test_the_executable_works_with_an_empty_environment_but_for_cni(lab: Lab) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    added = lab.call(lab.environment("ADD", one), lab.entry(previous))
    assert (added.status, added.stderr) == (0, "")
    assert json.loads(added.stdout)["cniVersion"] == "1.0.0"
    checked = lab.call(lab.environment("CHECK", one), lab.entry(json.loads(added.stdout)))
    assert (checked.status, checked.stdout) == (0, "")
    deleted = lab.call(lab.environment("DEL", one), lab.entry())
    assert (deleted.status, deleted.stdout) == (0, "")
    lab.unveth(one)
