"""The protocol by the real executable on the real overlay: versions, spelling, variables, streams."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nuage_chain.cni import plugin, versions
from tests.integration.cni import hostile
from tests.integration.lab import EXECUTABLE, Container, Lab, Plugin

pytestmark = pytest.mark.root


REFERENCE = Path("/usr/lib/cni/static")
# Mistakes that libcni's skel finds before it calls a plugin: a change of the variables, and one of the configuration.
MISTAKES: dict[str, tuple[dict[str, str], object]] = {
    "no container": ({"CNI_CONTAINERID": ""}, {}),
    "no container and no namespace": ({"CNI_CONTAINERID": "", "CNI_NETNS": ""}, {}),
    "no path": ({"CNI_PATH": ""}, {}),
    "no interface, and no JSON": ({"CNI_IFNAME": ""}, b"{"),
    "an unknown command": ({"CNI_COMMAND": "NOPE"}, {}),
    "a bad container ID": ({"CNI_CONTAINERID": "some-%%container-id"}, {}),
    "a container ID that ends in a line feed": ({"CNI_CONTAINERID": "c1\n"}, {}),
    "a long interface name": ({"CNI_IFNAME": "1234567890123456"}, {}),
    "an interface name that is long in bytes": ({"CNI_IFNAME": "é" * 8}, {}),
    "an interface name with a slash": ({"CNI_IFNAME": "test/test"}, {}),
    "an interface name with a colon": ({"CNI_IFNAME": "test:test"}, {}),
    "an interface name with a blank": ({"CNI_IFNAME": "test test"}, {}),
    "an interface name of one point": ({"CNI_IFNAME": "."}, {}),
    "nothing on standard input": ({}, b""),
    "no JSON": ({}, b"{{{"),
    "a list": ({}, b"[]"),
    "something after the object": ({}, b'{"name": "net", "cniVersion": "1.0.0"} x'),
    "a byte order mark": ({}, b"\xef\xbb\xbf" + b'{"name": "net", "cniVersion": "1.0.0"}'),
    "NaN": ({}, b'{"name": "net", "cniVersion": "1.0.0", "x": NaN}'),
    "nested without end": ({}, b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    "no name": ({}, {"name": ""}),
    "a name of null": ({}, {"name": None}),
    "a name that is a number": ({}, {"name": 5}),
    "a bad name": ({}, {"name": "te%%st"}),
    "a bad name in another case": ({}, {"NAME": "te%%st"}),
    "no name, and a bad version": ({}, {"name": None, "cniVersion": "9.9.9"}),
    "a version of another type": ({}, {"cniVersion": 1}),
    "a version that is none": ({}, {"cniVersion": "adsfsadf"}),
    "a version of the future": ({}, {"cniVersion": "9.9.9"}),
    "CHECK in a version without it": ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "0.3.1"}),
    "CHECK in a version that is none": ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "adsfsadf"}),
    "CHECK in a version of five parts": ({"CNI_COMMAND": "CHECK"}, {"cniVersion": "1.2.3.4.5"}),
    "CHECK without name": ({"CNI_COMMAND": "CHECK"}, {"name": ""}),
    "CHECK without namespace": ({"CNI_COMMAND": "CHECK", "CNI_NETNS": ""}, {}),
    "DEL without interface": ({"CNI_COMMAND": "DEL", "CNI_IFNAME": ""}, {}),
    "DEL with a bad container ID": ({"CNI_COMMAND": "DEL", "CNI_CONTAINERID": "../x"}, {}),
    "DEL with a version of the future": ({"CNI_COMMAND": "DEL"}, {"cniVersion": "9.9.9"}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_the_code_that_a_plugin_of_libcni_gives_it(mistake: str) -> None:
    variables, change = MISTAKES[mistake]
    environ = hostile.ENVIRONMENT | variables
    whole = {"cniVersion": "1.0.0", "name": "net"}
    stdin = change if isinstance(change, bytes) else json.dumps(whole | change).encode()  # type: ignore[operator]
    theirs = subprocess.run([REFERENCE], env=environ, input=stdin, capture_output=True, check=False, timeout=20)
    ours = plugin.answer(environ, stdin, {}, lambda error: None)
    assert (ours.status, json.loads(ours.stdout)["code"]) == (theirs.returncode, json.loads(theirs.stdout)["code"])


@pytest.fixture
def one(lab: Lab) -> Container:
    return lab.container("one")


@pytest.fixture
def veth(lab: Lab, one: Container) -> Iterator[dict[str, Any]]:
    """prevResult of the plugin before us; afterwards only what it made may be there, and then nothing."""
    previous = lab.veth(one)
    before = lab.left()
    yield previous
    lab.settle(before)
    lab.unveth(one)


def add(lab: Lab, one: Container, entry: object, **environ: str) -> Plugin:
    stdin = entry if isinstance(entry, bytes) else json.dumps(entry).encode()
    return lab.call(lab.environment("ADD", one) | environ, stdin)


def delete(lab: Lab, one: Container, version: str = "1.0.0", **environ: str) -> Plugin:
    entry = lab.entry() | {"cniVersion": version}
    return lab.call(lab.environment("DEL", one) | environ, entry)


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_each_version_is_added_and_told_in_its_own_words(
    lab: Lab, one: Container, veth: dict[str, Any], version: str
) -> None:
    previous = veth | {"cniVersion": version}
    done = add(lab, one, lab.entry(previous) | {"cniVersion": version})
    assert (done.status, done.stderr) == (0, ""), done.stdout
    result = done.document
    (ip,) = result["ips"]
    assert (result["cniVersion"], [ip["address"]]) == (version, one.addresses())
    assert ip.get("version") == (None if version >= "1.0.0" else "4")
    eth0 = result["interfaces"][ip["interface"]]
    assert (eth0["name"], eth0["sandbox"], "mtu" in eth0) == ("eth0", one.netns, version == "1.1.0")
    assert all("gw" in route for route in result["routes"])
    for _ in range(2):
        gone = delete(lab, one, version)
        assert (gone.status, gone.stdout, gone.stderr) == (0, "", "")


@pytest.mark.parametrize("version", versions.TOO_OLD)
@pytest.mark.parametrize("verb", ["ADD", "DEL", "CHECK"])
def test_a_version_without_lists_is_refused_and_nothing_changes(
    lab: Lab, one: Container, veth: dict[str, Any], version: str, verb: str
) -> None:
    done = lab.call(lab.environment(verb, one), lab.entry(veth) | {"cniVersion": version})
    assert (done.status, done.document["code"]) == (1, 1)
    assert "nuage-chain is a member of a list" in done.document["msg"]


def test_keys_in_the_case_of_go_and_null_where_nothing_is(lab: Lab, one: Container, veth: dict[str, Any]) -> None:
    entry = lab.entry()
    interfaces = [{k.capitalize(): v for k, v in i.items()} for i in veth["interfaces"]]
    strange = {k: v for k, v in entry.items() if k not in ("cniVersion", "name", "type")} | {
        "CNIVersion": "1.0.0",
        "Name": entry["name"],
        "Type": "nuage-chain",
        "PrevResult": {"CNIVersion": "1.0.0", "Interfaces": interfaces, "IPs": None, "Routes": None, "DNS": None},
        "Args": {"cni": None},
        "RuntimeConfig": {"io.kubernetes.cri.pod-annotations": None, "PortMappings": None, "Ips": None},
        "Capabilities": None,
        "DNS": None,
        "user": None,
    }
    done = add(lab, one, strange)
    assert done.status == 0, done.stdout
    assert [ip["address"] for ip in done.document["ips"]] == one.addresses()
    assert delete(lab, one).status == 0


def test_a_megabyte_of_annotations_does_not_matter(lab: Lab, one: Container, veth: dict[str, Any]) -> None:
    annotations = {f"example.com/{n}": "v" * 1000 for n in range(1050)}
    entry = lab.entry(veth) | {"runtimeConfig": {"io.kubernetes.cri.pod-annotations": annotations}}
    done = add(lab, one, entry)
    assert (done.status, done.stderr) == (0, ""), done.stdout
    assert delete(lab, one).status == 0


@pytest.mark.parametrize(
    "args",
    ["", "some;extra;args", "FOO=bar;K8S_POD_NAME=", "IgnoreUnknown=0;FOO=bar", "K8S_POD_NAME=\udcff;\udc80=1", "=;=="],
)
def test_arguments_of_others_never_fail_an_add(lab: Lab, one: Container, veth: dict[str, Any], args: str) -> None:
    done = add(lab, one, lab.entry(veth), CNI_ARGS=args)
    assert (done.status, done.stderr) == (0, ""), done.stdout
    assert delete(lab, one, CNI_ARGS=args).status == 0


def test_a_del_in_our_own_namespace_is_done_and_then_refused(lab: Lab, one: Container, veth: dict[str, Any]) -> None:
    before = lab.left()
    assert add(lab, one, lab.entry(veth)).status == 0
    done = delete(lab, one, CNI_NETNS="/proc/thread-self/ns/net")
    assert (done.status, done.document["code"]) == (1, 8)
    lab.settle(before)
    assert delete(lab, one, CNI_NETNS="/proc/thread-self/ns/net", CNI_NETNS_OVERRIDE="1").status == 0
    assert delete(lab, one, CNI_NETNS="").status == 0
    assert delete(lab, one, CNI_NETNS="/run/netns/gone").status == 0


def test_the_override_lets_an_add_into_our_own_namespace(lab: Lab, one: Container) -> None:
    path = "/proc/thread-self/ns/net"
    previous = {"cniVersion": "1.0.0", "interfaces": [{"name": "lo", "sandbox": path}]}
    given = {"CNI_NETNS": path, "CNI_IFNAME": "lo"}
    refused = add(lab, one, lab.entry(previous), **given)
    assert (refused.status, refused.document["code"]) == (1, 8)
    # It gets as far as to see that the loopback is no veth.
    let = add(lab, one, lab.entry(previous), **given, CNI_NETNS_OVERRIDE="true")
    assert (let.status, let.document["code"]) == (1, 103)


def test_an_attachment_whose_result_could_not_be_told_is_told_by_the_exit_status(
    lab: Lab, one: Container, veth: dict[str, Any]
) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [EXECUTABLE],
            env=lab.environment("ADD", one),
            input=json.dumps(lab.entry(veth)).encode(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, b"No space left" in done.stderr, b"Traceback" in done.stderr) == (1, True, False)
    assert delete(lab, one).status == 0


def test_an_add_with_nothing_around_it(lab: Lab, one: Container, veth: dict[str, Any]) -> None:
    def bare() -> None:
        os.close(2)
        os.chdir("/proc/self/fdinfo")

    done = subprocess.run(
        [EXECUTABLE],
        env=lab.environment("ADD", one) | {"LC_ALL": "C", "PATH": "", "PYTHONHOME": "/nowhere"},
        input=json.dumps(lab.entry(veth)).encode(),
        stdout=subprocess.PIPE,
        preexec_fn=bare,
        timeout=60,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)["cniVersion"]) == (0, "1.0.0")
    assert delete(lab, one).status == 0
