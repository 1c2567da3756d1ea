from __future__ import annotations

import pytest

from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.errors import BadConfig


@pytest.mark.parametrize("container_id", ["c", "0a", "a_b.c-d", "f" * 64])
@pytest.mark.parametrize("ifname", ["eth0", "a", "veth-1_2.3@x", "123456789012345"])
def test_what_the_specification_allows_passes(container_id: str, ifname: str) -> None:
    Attachment(container_id, "/run/netns/a", ifname, [("K", "a=b")]).check()


@pytest.mark.parametrize("container_id", ["", "-a", ".a", "a/b", "../a", "a b", "a\n", "é", "a;b"])
def test_a_container_id_that_could_leave_the_cache_folder_is_refused(container_id: str) -> None:
    with pytest.raises(BadConfig, match="container ID"):
        Attachment(container_id, "", "eth0").check()


@pytest.mark.parametrize("ifname", ["", ".", "..", "a/b", "a:b", "a b", "a\t", "1234567890123456", "éééééééé", "a\0"])
def test_an_interface_name_that_the_kernel_refuses_is_refused(ifname: str) -> None:
    with pytest.raises(BadConfig, match="interface name"):
        Attachment("c1", "", ifname).check()


@pytest.mark.parametrize("pair", [("", "a"), ("a;b", "c"), ("a=b", "c"), ("a", "b;C=d"), ("a", "b\0")])
def test_args_that_would_become_other_args_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(BadConfig, match="CNI_ARGS"):
        Attachment("c1", "", "eth0", [pair]).check()
