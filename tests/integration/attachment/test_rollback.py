"""An ADD that fails after any of its steps leaves kernel, OVSDB and VSD as it found them."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Any

import pytest

from nuage_chain.attachment import add as add_module
from nuage_chain.attachment.plan import Step
from nuage_chain.attachment.record import KERNEL
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.steps import plan
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin
from nuage_chain.errors import SwitchRefused
from nuage_chain.link import layer3, offload, veth
from nuage_chain.link.links import Link
from nuage_chain.link.netns import inside
from tests.integration.lab import EXECUTABLE, Container, Lab

pytestmark = pytest.mark.root

STEPS = (
    "find host veth",
    "leave bridge",
    "register with VSD",
    "plug into VRS",
    "wait until forwarding",
    "address the container",
    "announce",
    "confirm",
)
EVERY_STEP = [(name, activation) for activation in ("split", "metadata") for name in STEPS
              if (name, activation) != ("register with VSD", "metadata")]  # fmt: skip


class Fails:
    """A step that does nothing but fail."""

    name = "fail"
    owes = KERNEL

    def prepare(self, at: Attaching) -> None:
        return

    def do(self, at: Attaching) -> None:
        raise SwitchRefused("This step fails on purpose.")

    def undo(self, un: Undoing) -> None:
        return


@dataclass(frozen=True)
class Kernel:
    """Both ends of the veth, all that a step may change of them."""

    host: Link
    host_ipv6: str | None
    host_layer3: layer3.Layer3
    container: Link | None
    addresses: str
    routes: str
    offload: bool


def kernel(container: Container) -> Kernel:
    pair = veth.find(container.netns, "eth0", 5)
    return Kernel(
        host=pair.host,
        host_ipv6=veth.ipv6_disabled(pair.host.name),
        host_layer3=layer3.look(pair.host.index),
        container=inside(container.netns, lambda: veth.current("eth0"), 5),
        addresses=container.sh("ip", "-4", "-o", "address"),
        routes=container.sh("ip", "-4", "route"),
        offload=inside(container.netns, lambda: offload.tx_checksum("eth0"), 5),
    )


def answer(lab: Lab, container: Container, entry: dict[str, Any]) -> plugin.Reply:
    """The plugin's whole way but for the process, so that a test can put a step into its plan."""
    reported: list[BaseException] = []
    environment, stdin = lab.environment("ADD", container), json.dumps(entry).encode()
    reply = plugin.answer(environment, stdin, handlers(), reported.append)
    assert reported == []
    return reply


@pytest.mark.parametrize("activation", ["split", "metadata"])
def test_every_step_of_the_plan_is_tried_here(activation: str) -> None:
    names = [step.name for step in plan(Settings({"activation": activation}, (), ""))]
    assert names == [name for name, tried in EVERY_STEP if tried == activation]


@pytest.mark.parametrize(("after", "activation"), EVERY_STEP)
@pytest.mark.parametrize("file", ["10-nuage.conflist", "30-nuage-ptp.conflist"])
def test_a_failure_after_a_step_puts_everything_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, after: str, file: str, activation: str
) -> None:
    def failing(settings: Settings) -> list[Step]:
        steps = plan(settings)
        place = [step.name for step in steps].index(after) + 1
        return [*steps[:place], Fails(), *steps[place:]]

    one = lab.container("one")
    previous = lab.veth(one, file)
    before_kernel, before = kernel(one), lab.left()
    monkeypatch.setattr(add_module, "plan", failing)
    reply = answer(lab, one, lab.entry(previous, activation=activation, mtu=1300))
    document = json.loads(reply.stdout)
    assert (reply.status, document["code"], document["msg"]) == (1, 104, "This step fails on purpose.")
    lab.settle(before)
    assert kernel(one) == before_kernel
    monkeypatch.undo()
    assert answer(lab, one, lab.entry(previous, activation=activation)).status == 0, "and it can be added after all"
    assert lab.call(lab.environment("DEL", one), lab.entry(activation=activation)).status == 0
    lab.unveth(one, file)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_an_add_however_often_leaves_nothing_and_gives_one_document(
    lab: Lab, number: signal.Signals
) -> None:
    one = lab.container("one")
    previous = lab.veth(one)
    before_kernel, before = kernel(one), lab.left()
    entry = lab.entry(previous, activation="metadata", subnet="there is none")
    process = subprocess.Popen(
        [EXECUTABLE],
        env=lab.environment("ADD", one),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(entry).encode())
    process.stdin.close()
    process.stdin = None
    until = time.monotonic() + 10
    while lab.left()["ports"] == 0 and time.monotonic() < until:
        time.sleep(0.02)
    assert lab.left()["ports"] == 1
    for again in (number, signal.SIGTERM, number):
        process.send_signal(again)
        time.sleep(0.01)
    stdout, _ = process.communicate(timeout=15)
    document = json.loads(stdout)
    assert (process.returncode, document["code"], number.name in document["msg"]) == (1, 11, True)
    lab.settle(before)
    assert kernel(one) == before_kernel
    lab.unveth(one)
