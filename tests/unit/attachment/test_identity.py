from __future__ import annotations

from nuage_chain.attachment import identity
from nuage_chain.cni.request import Request


def of(container_id: str = "c1", ifname: str = "eth0", **args: str) -> identity.Identity:
    return identity.of(Request("ADD", "1.0.0", container_id, "/n", ifname, args, {"name": "net"}), "node1")


def test_a_container_id_of_the_usual_form_is_the_uuid() -> None:
    assert of("ab" * 32).uuid == "ab" * 32


def test_any_other_container_id_becomes_a_uuid_of_that_form() -> None:
    assert len(of("demo-1").uuid) == 64
    assert of("demo-1").uuid != of("demo-2").uuid


def test_two_pods_of_one_name_in_two_namespaces_never_share_a_name() -> None:
    one = of("c1", K8S_POD_NAME="web", K8S_POD_NAMESPACE="a")
    two = of("c2", K8S_POD_NAME="web", K8S_POD_NAMESPACE="b")
    assert one.vport_name != two.vport_name
    assert one.vport_name.startswith("a-web-eth0-")


def test_two_interfaces_of_one_container_share_the_container_and_nothing_else() -> None:
    one, two = of(ifname="eth0"), of(ifname="eth1")
    assert (one.uuid, one.external_id) == (two.uuid, two.external_id)
    assert one.vport_external_id != two.vport_external_id
    assert one.vport_name != two.vport_name


def test_a_vports_name_fits_into_vsd_and_holds_no_quote() -> None:
    name = of(K8S_POD_NAME='x"' * 200).vport_name
    assert len(name) <= 64
    assert '"' not in name


def test_a_container_without_a_pod_name_is_called_by_its_id() -> None:
    assert of("0123456789abcdef").name == "0123456789ab"
