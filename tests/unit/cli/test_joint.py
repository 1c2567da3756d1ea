from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from nuage_chain.cli.joint import Joint
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.conflist import Network, parse
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.errors import NuageChainError, VsdUnreachable


@dataclass
class Recorder:
    """A runtime that notes what it is asked for; what it is to fail at is named as in `calls`."""

    fails: frozenset[str] = frozenset()
    calls: list[str] = field(default_factory=list)

    def add_or_clean(self, network: Network, attachment: Attachment, _deadline: object) -> dict[str, Any]:
        self._called("ADD", network, attachment)
        return {"name": network.name}

    def delete(self, network: Network, attachment: Attachment, _deadline: object) -> None:
        self._called("DEL", network, attachment)

    def check(self, network: Network, attachment: Attachment, _deadline: object) -> None:
        self._called("CHECK", network, attachment)

    def _called(self, verb: str, network: Network, attachment: Attachment) -> None:
        call = f"{verb} {network.name} {attachment.ifname}"
        self.calls.append(call)
        if call in self.fails:
            raise VsdUnreachable("It is down.")


def joint(runtime: Recorder, *, disable_check: bool = False) -> Joint:
    flag = str(disable_check).lower()
    texts = [
        f'{{"cniVersion": "1.0.0", "name": "{name}", "disableCheck": {flag}, "plugins": [{{"type": "p"}}]}}'
        for name in ("a", "b", "c")
    ]
    networks = [parse(text.encode(), Path("x.conflist")) for text in texts]
    names = ["eth0", "eth1", "eth2"]
    return Joint(cast("Runtime", runtime), networks, names, [("K", "v")], {"cap": 1}, "id", "/run/netns/x")


def test_joining_tells_how_far_it_has_come_before_each_step() -> None:
    runtime = Recorder()
    reached: list[int] = []
    results = joint(runtime).join(reached.append)
    assert results == [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    assert runtime.calls == ["ADD a eth0", "ADD b eth1", "ADD c eth2"]
    assert reached == [1, 2, 3]


def test_a_network_that_failed_has_cleaned_up_after_itself_and_is_not_to_be_left() -> None:
    runtime = Recorder(frozenset({"ADD b eth1"}))
    reached: list[int] = []
    with pytest.raises(VsdUnreachable, match=r"^Network b \(eth1\): It is down\.$"):
        joint(runtime).join(reached.append)
    assert reached == [1, 2, 1]
    assert runtime.calls == ["ADD a eth0", "ADD b eth1"]


def test_leaving_goes_backwards_and_past_errors() -> None:
    runtime = Recorder(frozenset({"DEL c eth2", "DEL a eth0"}))
    errors = joint(runtime).leave()
    assert runtime.calls == ["DEL c eth2", "DEL b eth1", "DEL a eth0"]
    assert [e.message for e in errors] == ["Network c (eth2): It is down.", "Network a (eth0): It is down."]


@pytest.mark.parametrize(("count", "calls"), [(0, []), (2, ["DEL b eth1", "DEL a eth0"])])
def test_only_what_was_reached_is_left(count: int, calls: list[str]) -> None:
    runtime = Recorder()
    assert joint(runtime).leave(count) == []
    assert runtime.calls == calls


def test_checking_tells_which_networks_have_it_switched_off() -> None:
    assert joint(Recorder()).check() == []
    assert joint(Recorder(), disable_check=True).check() == ["a", "b", "c"]
    with pytest.raises(NuageChainError, match=r"^Network b \(eth1\)"):
        joint(Recorder(frozenset({"CHECK b eth1"}))).check()


def test_an_attachment_has_all_that_a_runtime_passes() -> None:
    expected = Attachment("id", "/run/netns/x", "eth0", [("K", "v")], {"cap": 1})
    assert joint(Recorder()).attachments[0] == expected
