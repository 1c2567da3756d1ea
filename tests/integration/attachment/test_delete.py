from __future__ import annotations

import subprocess
from typing import Any

import pytest

from nuage_chain.attachment.sources import ANNOTATIONS
from tests.integration.lab import NOTHING, Lab

pytestmark = pytest.mark.root

ACTIVATIONS = ("split", "metadata")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_deleting_twice_succeeds_both_times(lab: Lab, activation: str) -> None:
    one = lab.container("one")
    lab.attach(one, activation=activation)
    lab.detach(one, activation=activation)
    lab.detach(one, activation=activation)
    lab.settle(NOTHING)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_deleting_needs_neither_namespace_nor_prev_result_nor_interface(lab: Lab, activation: str) -> None:
    one = lab.container("one")
    lab.attach(one, activation=activation)
    lab.remove(one)
    environment = lab.environment("DEL", one) | {"CNI_NETNS": ""}
    done = lab.call(environment, lab.entry(activation=activation))
    assert (done.status, done.stdout) == (0, "")
    lab.settle(NOTHING)


def test_deleting_with_a_namespace_path_that_is_gone_makes_none_anew(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    lab.remove(one)
    assert lab.call(lab.environment("DEL", one), lab.entry()).status == 0
    assert one.name not in subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout


def test_deleting_what_was_never_added_succeeds(lab: Lab) -> None:
    never = lab.container("never")
    assert lab.call(lab.environment("DEL", never), lab.entry()).status == 0


def test_a_late_delete_of_an_old_sandbox_leaves_the_new_one_of_the_same_pod(lab: Lab) -> None:
    pod = {"K8S_POD_NAME": "web-0", "K8S_POD_NAMESPACE": "shop"}
    old, new = lab.container("old", **pod), lab.container("new", **pod)
    lab.attach(old)
    lab.remove(old)
    lab.attach(new)
    assert lab.call(lab.environment("DEL", old), lab.entry()).status == 0
    assert new.pings("10.10.1.1")
    lab.detach(new)


def test_deleting_overlooks_a_typo_made_after_the_container_was_added(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    done = lab.call(lab.environment("DEL", one), lab.entry(subnett="web"))
    assert (done.status, done.stdout) == (0, "")
    lab.unveth(one)


@pytest.mark.parametrize(
    "typo",
    [
        {"timeout": "soon"},
        {"args": {"cni": {"nuage": {"staticIP": 5}}}},
        {"runtimeConfig": {ANNOTATIONS: {"nuage.io/policy-group": "web,"}}},
    ],
)
def test_deleting_overlooks_a_value_that_no_add_would_take(lab: Lab, typo: dict[str, Any]) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    entry = lab.entry(previous, **typo)
    assert lab.call(lab.environment("ADD", one), entry).document["code"] == 7
    done = lab.call(lab.environment("DEL", one), entry)
    assert (done.status, done.stdout) == (0, ""), "libcni would end the list here, and the address would never be free"
    assert lab.call(lab.environment("ADD", one), lab.entry(previous)).status == 0
    done = lab.call(lab.environment("DEL", one), entry)
    assert (done.status, done.stdout) == (0, "")
    lab.unveth(one)
    lab.settle(NOTHING)


def test_a_delete_that_vsd_missed_is_completed_when_it_is_repeated(lab: Lab) -> None:
    one = lab.container("one")
    lab.attach(one)
    unreachable = {"url": "https://127.0.0.1:9", "user": "u", "password": "p"}
    missed = lab.call(lab.environment("DEL", one), lab.entry(vsd=unreachable))
    assert (missed.status, missed.stdout) == (0, ""), "a runtime would keep the container, for ever"
    assert "127.0.0.1:9 cannot be reached" in missed.stderr
    assert (lab.left()["ports"], lab.left()["containers"], lab.left()["journal"]) == (0, 1, 1)
    assert lab.call(lab.environment("DEL", one), lab.entry()).status == 0
    lab.unveth(one)
    assert lab.left() == NOTHING
