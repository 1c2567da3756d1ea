from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nuage_chain.cli.joint import Joint
from nuage_chain.cli.networks import described, path_of
from nuage_chain.cni.runtime.conflist import parse
from nuage_chain.cni.runtime.network import Runtime


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("web1", "/run/netns/web1"),
        ("/var/run/netns/web1", "/var/run/netns/web1"),
        ("/a/../b", "/b"),
        ("./b", f"{Path.cwd()}/b"),
    ],
)
def test_a_namespace_is_a_name_or_a_path(given: str, expected: str) -> None:
    assert path_of(given) == expected


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ({}, ["eth0", "net", "-", "-"]),
        (
            {
                "interfaces": [{"name": "veth1", "mac": "02::1"}, {"name": "eth0", "mac": "02::2", "sandbox": "/x"}],
                "ips": [{"address": "10.0.0.2/24", "gateway": "10.0.0.1"}],
            },
            ["eth0", "net", "02::2", "10.0.0.2/24", "10.0.0.1"],
        ),
        (
            {"ips": [{"address": "10.0.0.2/24"}, {"address": "fd00::2/64", "gateway": "fd00::1"}]},
            ["eth0", "net", "10.0.0.2/24,", "fd00::2/64", "fd00::1"],
        ),
    ],
)
def test_an_attachment_is_a_line(result: dict[str, Any], line: list[str]) -> None:
    network = parse(b'{"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "p"}]}', Path("x.conflist"))
    joint = Joint(Runtime([]), [network], ["eth0"], [], {}, "id", "/x")
    assert described(joint, [result]).splitlines()[1].split() == line
