"""What ADD refuses of a list, and what it must not take offence at; tests/integration/chain has it on real parts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from nuage_chain.attachment import chain
from nuage_chain.attachment.state import Attaching
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.link import qdisc

MAC, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02"


def attaching(
    runtime: object = None, args: dict[str, str] | None = None, cni: object = None, datapath: str = "netdev"
) -> Attaching:
    config = {"runtimeConfig": runtime, "args": cni}
    ends = SimpleNamespace(host=SimpleNamespace(name="veth0", index=7), container=SimpleNamespace(mac=MAC))
    return cast(
        "Attaching",
        SimpleNamespace(
            found=ends,
            request=SimpleNamespace(config=config, args=args or {}, ifname="eth0"),
            switch=SimpleNamespace(bridge="alubr0", datapath=lambda deadline: datapath),
            deadline=Deadline(5),
        ),
    )


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The limits that the host's end has; link 7 is asked for."""
    found: list[str] = []
    monkeypatch.setattr(qdisc, "limits", lambda index: {7: found}[index])
    return found


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"args": {"MAC": OTHER}}, "CNI_ARGS asks for the MAC"),
        ({"runtime": {"mac": OTHER}}, "runtimeConfig asks for the MAC"),
        ({"runtime": {"Mac": OTHER.replace(":", "-")}}, "runtimeConfig asks for the MAC"),
        ({"cni": {"cni": {"mac": OTHER}}}, r"args\.cni asks for the MAC"),
        ({"runtime": {"portMappings": [{"hostPort": 0}, {"HostPort": 80}]}}, "port 80 cannot be published"),
        ({"runtime": {"bandwidth": {"egressRate": 8000}}}, "8000 bit/s .* alubr0"),
        ({"runtime": {"bandwidth": {"EgressRate": 8000}}}, "8000 bit/s .* alubr0"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        chain.look(attaching(**given))


def test_limits_that_would_be_lost_are_named_with_the_link(limits: list[str]) -> None:
    limits += ["tbf", "ingress"]
    with pytest.raises(BadConfig, match=r"veth0 has traffic limits already \(tbf, ingress\)"):
        chain.look(attaching())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"runtime": {}, "cni": {}},
        {"args": {"MAC": MAC.upper()}},
        {"args": {"MAC": ""}},
        {"args": {"MAC": "no MAC at all"}},
        {"args": {"MAC": "zz:00:00:00:00:01"}},
        {"runtime": {"mac": 5}, "cni": {"cni": {"mac": ["x"]}}},
        {"runtime": [], "cni": "x"},
        {"runtime": {"portMappings": None, "bandwidth": None}},
        {"runtime": {"portMappings": "80:80", "bandwidth": "8"}},
        {"runtime": {"portMappings": [None, 5, "x", {"hostPort": "80"}, {"hostPort": {}}]}},
        {"runtime": {"bandwidth": {"egressRate": 0, "ingressRate": 8000}}},
        {"runtime": {"bandwidth": {"egressRate": "8000"}}},
        {"runtime": {"bandwidth": {"egressRate": 8000}}, "datapath": "system"},
        {"runtime": {"bandwidth": {"egressRate": 8000}}, "datapath": None},
    ],
)
def test_what_works_and_what_is_not_ours_to_judge_passes(given: dict[str, Any]) -> None:
    chain.look(attaching(**given))
