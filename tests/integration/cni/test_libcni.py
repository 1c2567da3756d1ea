"""The reference library and our runtime side undo each other's attachments: one cache, one format."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nuage_chain.cni.runtime.network import Attachment
    from tests.integration.cni.conftest import Node

pytestmark = pytest.mark.root


@pytest.fixture
def libcni(libcni_program: Path, node: Node, attachment: Attachment) -> Callable[[str], Any]:
    def work(command: str) -> Any:
        asked = {
            "Command": command,
            "ConfDir": str(node.write().parent),
            "Network": "net",
            "PluginDirs": ["/usr/lib/cni"],
            "CacheDir": str(node.cache),
            "ContainerID": attachment.container_id,
            "NetNS": attachment.netns,
            "IfName": attachment.ifname,
            "Args": attachment.args,
            "Capabilities": attachment.capability_args,
        }
        done = subprocess.run(
            [libcni_program], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    return work


@pytest.mark.timeout(300)
def test_libcni_checks_and_deletes_what_we_added(
    libcni: Callable[[str], Any], node: Node, attachment: Attachment
) -> None:
    result = node.runtime().add(node.network(), attachment, Deadline(20))
    assert libcni("result") == result
    libcni("check")
    libcni("del")
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])


@pytest.mark.timeout(300)
def test_we_check_and_delete_what_libcni_added(
    libcni: Callable[[str], Any], node: Node, attachment: Attachment
) -> None:
    result = libcni("add")
    runtime, network = node.runtime(), node.network()
    (cached,) = runtime.attachments("c1")
    assert cached.network == "net"
    assert cached.result == result
    assert (cached.attachment.ifname, cached.attachment.args) == ("eth0", attachment.args)
    assert cached.attachment.capability_args == attachment.capability_args
    runtime.check(network, attachment, Deadline(20))
    runtime.delete(network, attachment, Deadline(20))
    assert (node.veths(), node.addresses(), node.cached()) == ([], [], [])


@pytest.mark.timeout(300)
def test_both_write_the_same_cache_file(libcni: Callable[[str], Any], node: Node, attachment: Attachment) -> None:
    file = node.cache / "results" / "net-c1-eth0"
    libcni("add")
    theirs, their_mode = json.loads(file.read_text()), file.stat().st_mode
    libcni("del")
    node.runtime().add(node.network(), attachment, Deadline(20))
    ours, our_mode = json.loads(file.read_text()), file.stat().st_mode
    node.runtime().delete(node.network(), attachment, Deadline(20))
    assert our_mode == their_mode
    # Debian's libcni is of before `netns` was added, and each ADD has another address and another host veth.
    assert set(ours) - set(theirs) <= {"netns"}
    assert {key: ours[key] for key in theirs if key != "result"} == {
        key: value for key, value in theirs.items() if key != "result"
    }
    assert set(ours["result"]) == set(theirs["result"])
