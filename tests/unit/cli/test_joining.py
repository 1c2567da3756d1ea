from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import pytest

from nuage_chain.cli import joining
from nuage_chain.cli.joint import Joint
from nuage_chain.errors import BadConfig


def offer(folder: Path, **types: str) -> None:
    for name, kind in types.items():
        content = {"cniVersion": "1.0.0", "name": f"net-{name}", "plugins": [{"type": kind}]}
        (folder / f"{name}.conflist").write_text(json.dumps(content))


def joint(*words: str, **environment: str) -> Joint:
    parser = argparse.ArgumentParser()
    joining.add_arguments(parser)
    return joining.joint(parser.parse_args(words), "/run/netns/web1", "web1", environment)


def names(made: Joint) -> list[tuple[str, str]]:
    return [(n.name, a.ifname) for n, a in zip(made.networks, made.attachments, strict=True)]


def test_networks_are_joined_in_order_of_their_files_as_eth0_eth1_and_so_on(tmp_path: Path) -> None:
    offer(tmp_path, b="bridge", c="ptp", a="macvlan")
    single = {"cniVersion": "0.4.0", "name": "single", "type": "bridge"}
    (tmp_path / "aa.conf").write_text(json.dumps(single))
    expected = [("net-a", "eth0"), ("single", "eth1"), ("net-b", "eth2"), ("net-c", "eth3")]
    assert names(joint(NETCONFPATH=str(tmp_path))) == expected
    assert names(joint("--netconf", str(tmp_path), NETCONFPATH="/nowhere")) == expected


def test_a_loopback_network_is_lo_and_takes_no_number(tmp_path: Path) -> None:
    offer(tmp_path, a="bridge", b="loopback", c="bridge")
    assert [ifname for _, ifname in names(joint(NETCONFPATH=str(tmp_path)))] == ["eth0", "lo", "eth1"]


def test_networks_are_chosen_by_name_in_the_order_asked_for(tmp_path: Path) -> None:
    offer(tmp_path, a="bridge", b="bridge", c="bridge")
    words = ["--network", "net-c", "--network", "net-a", "--network", "net-c"]
    assert names(joint(*words, NETCONFPATH=str(tmp_path))) == [("net-c", "eth0"), ("net-a", "eth1")]


def test_a_file_that_is_wrong_stops_all_but_not_what_was_asked_for_by_name(tmp_path: Path) -> None:
    offer(tmp_path, a="bridge")
    (tmp_path / "b.conflist").write_text("{")
    assert names(joint("--network", "net-a", NETCONFPATH=str(tmp_path))) == [("net-a", "eth0")]
    with pytest.raises(BadConfig, match=r"b\.conflist: is not JSON"):
        joint(NETCONFPATH=str(tmp_path))
    with pytest.raises(BadConfig, match=r"no network named 'net-b'; it has: net-a\. .*b\.conflist: is not JSON"):
        joint("--network", "net-b", NETCONFPATH=str(tmp_path))


def test_one_file_is_enough(tmp_path: Path) -> None:
    offer(tmp_path, a="bridge", b="bridge")
    assert names(joint(NETCONFPATH=str(tmp_path / "b.conflist"))) == [("net-b", "eth0")]


@pytest.mark.parametrize(("words", "environment"), [(["--ifname", "net1"], {}), ([], {"CNI_IFNAME": "net1"})])
def test_an_interface_name_is_for_one_network(tmp_path: Path, words: list[str], environment: dict[str, str]) -> None:
    offer(tmp_path, a="loopback", b="bridge")
    assert names(joint(*words, NETCONFPATH=str(tmp_path), **environment)) == [("net-a", "lo"), ("net-b", "net1")]
    offer(tmp_path, c="bridge")
    with pytest.raises(BadConfig, match="one interface name, net1, for 2 networks: net-b, net-c"):
        joint(*words, NETCONFPATH=str(tmp_path), **environment)


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ([], {}, [("IgnoreUnknown", "1")]),
        (["--args", "A=1;B=x=y;C="], {}, [("IgnoreUnknown", "1"), ("A", "1"), ("B", "x=y"), ("C", "")]),
        ([], {"CNI_ARGS": "A=1;"}, [("IgnoreUnknown", "1"), ("A", "1")]),
        (["--args", "A=2"], {"CNI_ARGS": "A=1"}, [("IgnoreUnknown", "1"), ("A", "2")]),
        (["--args", ""], {"CNI_ARGS": "A=1"}, [("IgnoreUnknown", "1")]),
        (["--args", "IgnoreUnknown=true;A=1"], {}, [("IgnoreUnknown", "true"), ("A", "1")]),
    ],
)
def test_cni_args_come_from_the_arguments_else_the_environment(
    tmp_path: Path, words: list[str], environment: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    offer(tmp_path, a="bridge")
    made = joint(*words, NETCONFPATH=str(tmp_path), **environment)
    assert made.attachments[0].args == expected


def test_capabilities_come_from_the_arguments_else_the_environment(tmp_path: Path) -> None:
    offer(tmp_path, a="bridge")
    given = {"NETCONFPATH": str(tmp_path), "CAP_ARGS": '{"a": 1}'}
    assert joint(**given).attachments[0].capability_args == {"a": 1}
    assert joint("--capabilities", '{"b": 2}', **given).attachments[0].capability_args == {"b": 2}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--args", "=1"], "'=1' in --args"),
        (["--args", "A"], "'A' in --args"),
        (["--capabilities", "{"], "not JSON"),
        (["--capabilities", "1"], "JSON object"),
        (["--container-id", "a/b"], "'a/b' is not a container ID"),
        (["--ifname", "a" * 16], "is not an interface name"),
        (["--netconf", "/nowhere"], "There is no /nowhere"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_done(tmp_path: Path, words: list[str], expected: str) -> None:
    offer(tmp_path, a="bridge")
    with pytest.raises(BadConfig, match=expected):
        joint(*words, NETCONFPATH=str(tmp_path))


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="has no network configuration"):
        joint(NETCONFPATH=str(tmp_path))


def test_our_plugin_is_found_without_cni_path_and_with_it() -> None:
    ours, *usual = joining.plugin_dirs({})
    assert usual == [Path("/opt/cni/bin"), Path("/usr/lib/cni")]
    assert ours.name == "cni"
    assert joining.plugin_dirs({"CNI_PATH": "/a::/b"}) == [Path("/a"), Path("/b"), ours]


def test_the_container_id_is_cnitools() -> None:
    digest = hashlib.sha512(b"/run/netns/web1").hexdigest()
    assert joining.cnitool_id("/run/netns/web1") == f"cnitool-{digest[:20]}"
