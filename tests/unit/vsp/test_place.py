from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.vsp import place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("module", "found", "datapath"),
    [
        (False, set(), "netdev"),
        (True, set(), "system"),
        (True, {"lo", "ovs-system"}, "netdev"),
        (False, {"lo", "eth0"}, "netdev"),
    ],
)
def test_the_kernels_datapath_is_taken_where_it_is_free(
    tmp_path: Path, module: bool, found: set[str], datapath: str
) -> None:
    assert place.choose_datapath(found, tmp_path if module else tmp_path / "none") == datapath


@pytest.mark.parametrize(("module", "found"), [(False, {"ovs-netdev"}), (False, {"alubr0"}), (True, {"alubr0"})])
def test_another_switch_that_has_what_ours_needs_is_named(tmp_path: Path, module: bool, found: set[str]) -> None:
    with pytest.raises(NotAvailable, match=next(iter(found))) as failure:
        place.choose_datapath(found, tmp_path if module else tmp_path / "none")
    assert "network namespace" in failure.value.hint


@pytest.mark.parametrize("name", ["", "a/b", "..", "/run/netns/x"])
def test_a_namespace_is_given_by_name(name: str) -> None:
    with pytest.raises(BadConfig):
        place.path_of(name)


def test_the_callers_own_namespace_needs_no_prefix() -> None:
    assert place.prefix(None) == ()
    assert place.prefix("n")[:2] == ("nsenter", "--net=/run/netns/n")


def test_a_port_that_someone_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not place.port_is_free(None, port, 1.0)
    assert place.port_is_free(None, port, 1.0)


def test_a_namespace_that_is_not_there_does_not_exist() -> None:
    assert not place.exists("no-such-namespace")
