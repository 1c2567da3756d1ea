from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest

from nuage_chain.link import qdisc

pytestmark = pytest.mark.root

TBF = "root tbf rate 8mbit burst 10000 latency 25ms"


@pytest.fixture
def link() -> Iterator[str]:
    subprocess.run(["ip", "link", "add", "limited0", "type", "veth", "peer", "name", "limited1"], check=True)
    yield "limited0"
    subprocess.run(["ip", "link", "delete", "limited0"], check=False, capture_output=True)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ([], []),
        ([TBF], ["tbf"]),
        (["ingress"], ["ingress"]),
        ([TBF, "ingress"], ["tbf", "ingress"]),
        (["clsact"], ["clsact"]),
        (["root pfifo"], ["pfifo"]),
    ],
)
def test_the_limits_of_a_link_are_found_and_the_kernels_own_default_is_none(
    link: str, made: list[str], found: list[str]
) -> None:
    for what in made:
        subprocess.run(["tc", "qdisc", "add", "dev", link, *what.split()], check=True)
    assert qdisc.limits(socket.if_nametoindex(link)) == found


def test_a_link_that_has_gone_has_none(link: str) -> None:
    index = socket.if_nametoindex(link)
    subprocess.run(["ip", "link", "delete", link], check=True)
    assert qdisc.limits(index) == []
