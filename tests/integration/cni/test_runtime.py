from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.network import Attachment
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, PluginFailed
from tests.integration.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.cni.conftest import Node

pytestmark = pytest.mark.root


def links(netns: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(["ip", "-j", "-n", netns, "address"], capture_output=True, check=True, timeout=10)
    return {link["ifname"]: link for link in json.loads(done.stdout)}


def test_add_check_and_delete_with_bridge_host_local_and_tuning(node: Node, attachment: Attachment, netns: str) -> None:
    runtime, network = node.runtime(), node.network()
    result = runtime.add(network, attachment, Deadline(20))
    eth0 = links(netns)["eth0"]
    assert eth0["address"] == "7a:42:11:22:33:44"
    address = result["ips"][0]["address"].split("/")[0]
    assert address in [one["local"] for one in eth0["addr_info"]]
    assert node.addresses() == [address]
    runtime.check(network, attachment, Deadline(20))
    runtime.delete(network, attachment, Deadline(20))
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])
    assert "eth0" not in links(netns)
    runtime.delete(network, attachment, Deadline(20))


def test_the_cache_file_is_that_of_libcni(node: Node, attachment: Attachment) -> None:
    runtime, network = node.runtime(), node.network()
    result = runtime.add(network, attachment, Deadline(20))
    file = node.cache / "results" / "net-c1-eth0"
    content = json.loads(file.read_text())
    assert base64.b64decode(content["config"]) == node.write().read_bytes()
    assert content == {
        "kind": "cniCacheV1",
        "containerId": "c1",
        "config": content["config"],
        "ifName": "eth0",
        "networkName": "net",
        "netns": attachment.netns,
        "cniArgs": [["IgnoreUnknown", "1"]],
        "capabilityArgs": attachment.capability_args,
        "result": result,
    }
    runtime.delete(network, attachment, Deadline(20))


def test_check_fails_with_the_words_of_the_plugin_when_the_address_is_gone(
    node: Node, attachment: Attachment, netns: str
) -> None:
    runtime, network = node.runtime(), node.network()
    runtime.add(network, attachment, Deadline(20))
    subprocess.run(["ip", "-n", netns, "address", "flush", "dev", "eth0"], check=True, timeout=10)
    with pytest.raises(PluginFailed, match="bridge"):
        runtime.check(network, attachment, Deadline(20))
    runtime.delete(network, attachment, Deadline(20))


def test_delete_works_when_the_network_namespace_has_gone(node: Node, attachment: Attachment, netns: str) -> None:
    runtime, network = node.runtime(), node.network()
    runtime.add(network, attachment, Deadline(20))
    subprocess.run(["ip", "netns", "delete", netns], check=True, timeout=10)
    runtime.delete(network, attachment, Deadline(20))
    assert (node.addresses(), node.cached()) == ([], [])
    # The kernel takes a namespace apart, and with it the pair, in its own time.
    eventually(lambda: node.veths() == [], "the veth pair is gone")


def test_a_later_plugin_that_fails_leaves_nothing_of_the_earlier_ones(node: Node, attachment: Attachment) -> None:
    file = node.write()
    content = json.loads(file.read_text())
    content["plugins"][1]["sysctl"] = {"net.ipv4.no.such": "1"}
    file.write_text(json.dumps(content))
    with pytest.raises(PluginFailed) as caught:
        node.runtime().add_or_clean(conflist.load(file), attachment, Deadline(20))
    assert caught.value.plugin == "tuning"
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])


def test_a_plugin_that_is_not_installed_is_said_before_anything_is_made(node: Node, attachment: Attachment) -> None:
    file = node.write()
    content = json.loads(file.read_text())
    content["plugins"].append({"type": "not-installed"})
    file.write_text(json.dumps(content))
    with pytest.raises(BadConfig, match="not-installed"):
        node.runtime().add(conflist.load(file), attachment, Deadline(20))
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])


def test_an_interface_that_exists_is_an_error_in_the_words_of_bridge(node: Node, attachment: Attachment) -> None:
    runtime, network = node.runtime(), node.network()
    runtime.add(network, attachment, Deadline(20))
    with pytest.raises(PluginFailed, match="exist") as caught:
        runtime.add(network, attachment, Deadline(20))
    assert caught.value.plugin == "bridge"
    runtime.delete(network, attachment, Deadline(20))
    assert node.veths() == []


@pytest.mark.parametrize("version", ["0.3.1", "0.4.0", "1.0.0"])
def test_each_version_is_added_and_deleted(node: Node, attachment: Attachment, version: str) -> None:
    runtime, network = node.runtime(), node.network(version)
    assert runtime.add(network, attachment, Deadline(20))["cniVersion"] == version
    runtime.delete(network, attachment, Deadline(20))
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])


def test_gc_removes_what_nobody_claims(node: Node, attachment: Attachment) -> None:
    runtime, network = node.runtime(), node.network()
    runtime.add(network, attachment, Deadline(20))
    runtime.gc(network, [("c1", "eth0")], Deadline(20))
    assert node.cached() == ["net-c1-eth0"]
    runtime.gc(network, [], Deadline(20))
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])


def test_a_single_configuration_brings_loopback_up(node: Node, netns: str, tmp_path: Path) -> None:
    path = tmp_path / "99-lo.conf"
    path.write_text('{"cniVersion": "0.4.0", "name": "lo", "type": "loopback"}')
    network = conflist.load(path)
    attachment = Attachment("c1", f"/run/netns/{netns}", "lo")
    node.runtime().add(network, attachment, Deadline(20))
    assert "UP" in links(netns)["lo"]["flags"]
    node.runtime().check(network, attachment, Deadline(20))
    node.runtime().delete(network, attachment, Deadline(20))
    assert "UP" not in links(netns)["lo"]["flags"]
