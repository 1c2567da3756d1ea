"""Bad input: the right CNI code, a sentence a person can act on, exit status 1, in time, and nothing left."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.lab import Container, Lab

pytestmark = pytest.mark.root

Entry = dict[str, Any]


def changed(**changes: Any) -> Callable[[Entry], Entry]:
    return lambda entry: {**entry, **changes}


def without(key: str) -> Callable[[Entry], Entry]:
    return lambda entry: {k: v for k, v in entry.items() if k != key}


def vsd(**changes: Any) -> Callable[[Entry], Entry]:
    return changed(vsd=changes)


WITHOUT_FILE = "a configuration file that is not there"
CASES = {
    "no prevResult": (without("prevResult"), 7, "prevResult"),
    "no interface in prevResult": (changed(prevResult={"cniVersion": "1.0.0", "interfaces": []}), 103, "eth0"),
    "an unknown enterprise": (changed(enterprise="Nobody"), 7, "enterprise named 'Nobody'"),
    "an unknown domain": (changed(domain="Nowhere"), 7, "domain named 'Nowhere'"),
    "an unknown zone": (changed(zone="Nowhere"), 7, "zone named 'Nowhere'"),
    "an unknown subnet": (changed(subnet="nowhere"), 7, "subnet named 'nowhere'"),
    "an unknown policy group": (changed(policyGroups=["web", "nobody"]), 7, "policy group named 'nobody'"),
    "a name that would break out of the filter": (changed(subnet='x" or name == "web'), 7, '"'),
    "an address outside the subnet": (changed(staticIP="10.99.0.5"), 7, r"10\.99\.0\.5.*10\.10\.1\.0/24"),
    "an address of a family that the subnet lacks": (changed(staticIP="2001:db8::5"), 7, "no IPv6"),
    "the gateway's address": (changed(staticIP="10.10.1.1"), 102, r"10\.10\.1\.1"),
    "an address that is none": (changed(staticIP="10.10.1"), 7, "staticIP"),
    "an unknown key": (changed(subnett="web"), 7, "subnett"),
    "a value of the wrong type": (changed(timeout="soon"), 7, "timeout"),
    "a missing value": (changed(subnet=None), 7, "`subnet` is not set"),
    "a bridge that is not there": (changed(bridge="nobr"), 104, "nobr"),
    "a wrong password": (vsd(password="wrong", passwordFile=None), 100, "csproot"),
    "a wrong organization": (vsd(organization="nobody"), 100, "nobody"),
    "VSD down": (vsd(url="https://127.0.0.1:9"), 11, "https://127.0.0.1:9"),
    "a certificate that does not verify": (vsd(ca="/etc/ssl/certs/ca-certificates.crt"), 101, "certificate"),
    "a certificate of another name": (vsd(url="https://vsd.example:8443"), 101, r"vsd\.example"),
    "a CA file that is not there": (vsd(ca="/nowhere/ca.pem"), 7, "/nowhere/ca.pem"),
    "a password file that is not there": (vsd(passwordFile="/nowhere/password"), 7, "/nowhere/password"),
    "no VSD user": (vsd(user=None), 7, "vsd.user"),
    "OVSDB down": (changed(ovsdb="unix:/nowhere/db.sock"), 11, "/nowhere/db.sock"),
    WITHOUT_FILE: (changed(configFile="/nowhere/config.yaml"), 7, "/nowhere/config.yaml"),
    "VRS that never resolves": (
        changed(activation="metadata", subnet="nowhere", timeout=2), 11, "did not resolve",
    ),
}  # fmt: skip


@pytest.fixture
def one(lab: Lab) -> Container:
    return lab.container("one")


def full(lab: Lab, previous: Entry) -> Entry:
    """The entry with the node's VSD settings in it, so that a case can change one of them."""
    access = {
        "url": lab.access.url,
        "organization": "csp",
        "user": "csproot",
        "passwordFile": str(lab.layout.password_file),
        "ca": str(lab.layout.ca),
    }
    return lab.entry(previous, vsd=access, ovsdb=f"unix:{lab.layout.ovsdb_socket}", timeout=10) | {
        "configFile": str(empty_file(lab))
    }


def empty_file(lab: Lab) -> Path:
    path = lab.layout.state / "empty.yaml"
    path.write_text("bridge: alubr0\n")
    return path


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_in_time_and_leaves_nothing(lab: Lab, one: Container, case: str) -> None:
    change, code, says = CASES[case]
    previous = lab.veth(one)
    before = lab.left()
    entry = full(lab, previous)
    wrong = change(entry)
    if isinstance(wrong.get("vsd"), dict):
        wrong["vsd"] = {k: v for k, v in {**entry["vsd"], **wrong["vsd"]}.items() if v is not None}
    begin = time.monotonic()
    done = lab.call(lab.environment("ADD", one), wrong)
    assert time.monotonic() - begin < 10
    assert done.status == 1
    assert (done.document["code"], bool(re.search(says, done.document["msg"]))) == (code, True), done.stdout
    assert done.document["details"]
    assert done.document["cniVersion"] == "1.0.0"
    assert done.stderr == ""
    lab.settle(before)
    # Without its file a DEL does not know where to look; whatever else is wrong, libcni would end the list at an error.
    assert lab.call(lab.environment("DEL", one), wrong).status == (case == WITHOUT_FILE)
    assert lab.call(lab.environment("DEL", one), entry).status == 0
    lab.unveth(one)


def test_the_password_is_in_no_message(lab: Lab, one: Container) -> None:
    previous = lab.veth(one)
    entry = full(lab, previous)
    entry["vsd"] = {k: v for k, v in entry["vsd"].items() if k != "passwordFile"} | {"password": "hunter2hunter2"}
    done = lab.call(lab.environment("ADD", one), entry)
    assert done.document["code"] == 100
    assert "hunter2" not in done.stdout + done.stderr
    lab.unveth(one)


@pytest.mark.parametrize("stdin", [b"", b"{", b"[]", b'{"cniVersion": "1.0.0", "name": "x"', b"\xff"])
def test_standard_input_that_is_no_json_object_is_code_6(lab: Lab, one: Container, stdin: bytes) -> None:
    done = lab.call(lab.environment("ADD", one), stdin)
    assert (done.status, done.document["code"]) == (1, 6)


def test_an_interface_that_is_no_veth_is_code_103(lab: Lab, one: Container) -> None:
    one.sh("ip", "link", "add", "eth0", "type", "bridge")
    previous = {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": one.netns}]}
    done = lab.call(lab.environment("ADD", one), lab.entry(previous))
    assert (done.status, done.document["code"], "bridge interface" in done.document["msg"]) == (1, 103, True)


def test_a_veth_whose_other_end_is_elsewhere_is_code_103(lab: Lab, one: Container) -> None:
    other = lab.container("other")
    one.sh("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", other.name)
    previous = {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": one.netns}]}
    done = lab.call(lab.environment("ADD", one), lab.entry(previous))
    assert (done.status, done.document["code"], "other end" in done.document["msg"]) == (1, 103, True)


def test_a_namespace_that_is_gone_is_code_3(lab: Lab, one: Container) -> None:
    previous = lab.veth(one)
    lab.unveth(one)
    lab.remove(one)
    done = lab.call(lab.environment("ADD", one), lab.entry(previous))
    assert (done.status, done.document["code"]) == (1, 3)


def test_our_own_namespace_is_code_8(lab: Lab, one: Container) -> None:
    previous = {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": "/proc/self/ns/net"}]}
    done = lab.call(lab.environment("ADD", one) | {"CNI_NETNS": "/proc/self/ns/net"}, lab.entry(previous))
    assert (done.status, done.document["code"]) == (1, 8)


def test_a_vsd_that_accepts_and_never_answers_ends_at_the_deadline(lab: Lab, one: Container) -> None:
    previous = lab.veth(one)
    before = lab.left()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        entry = full(lab, previous) | {"timeout": 2}
        entry["vsd"]["url"] = f"https://127.0.0.1:{silent.getsockname()[1]}"
        begin = time.monotonic()
        done = lab.call(lab.environment("ADD", one), entry)
    assert time.monotonic() - begin < 6
    assert (done.status, done.document["code"]) == (1, 11)
    assert lab.left() == before
    lab.unveth(one)


def test_the_executable_answers_when_it_cannot_import(lab: Lab, one: Container, tmp_path: Path) -> None:
    broken = tmp_path / "nuage-chain"
    broken.write_text(
        "#!/usr/bin/python3 -ISE\n"
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n"
        "sys.modules['yaml'] = None\nfrom nuage_chain.direct import main\nmain()\n"
    )
    broken.chmod(0o755)
    done = subprocess.run(
        [broken], env=lab.environment("ADD", one), input=b"{}", capture_output=True, check=False, timeout=20
    )
    document = json.loads(done.stdout)
    assert (done.returncode, document["code"], "cannot run" in document["msg"]) == (1, 199, True)
