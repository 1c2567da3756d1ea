"""An ADD that fails after any of its steps leaves kernel, OVSDB and VSD as it found them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from nuage_chain.attachment import add as add_module
from nuage_chain.attachment.plan import Step
from nuage_chain.attachment.record import KERNEL
from nuage_chain.attachment.settings import Settings
from nuage_chain.attachment.state import Attaching
from nuage_chain.attachment.steps import end, plan
from nuage_chain.attachment.undoing import Undoing
from nuage_chain.attachment.verbs import handlers
from nuage_chain.cni import plugin
from nuage_chain.errors import KernelRefused, SwitchRefused
from nuage_chain.link import layer3, offload, veth
from nuage_chain.link.links import Link
from nuage_chain.link.netns import inside
from tests.integration.lab import EXECUTABLE, NOTHING, Container, Lab
from tests.integration.waiting import eventually

pytestmark = pytest.mark.root

STEPS = (
    "find host veth",
    "leave bridge",
    "register with VSD",
    "plug into VRS",
    "wait until forwarding",
    "address the container",
    "announce",
    "complete the result",
    "confirm",
)
EVERY_STEP = [(name, activation) for activation in ("split", "metadata") for name in STEPS
              if (name, activation) != ("register with VSD", "metadata")]  # fmt: skip

# The executable's own way, with a signal that comes right after the last step.
SIGNALLED = """
import os
from nuage_chain import direct
from nuage_chain.attachment import add

def then_signalled(*args, carry_out=add.carry_out):
    carry_out(*args)
    os.kill(os.getpid(), {number})

add.carry_out = then_signalled
direct.main()
"""


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


def test_a_result_that_cannot_be_completed_puts_everything_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(name: str) -> NoReturn:
        raise KernelRefused(f"{name} cannot be looked at.")

    one = lab.container("one")
    previous = lab.veth(one)
    before_kernel, before = kernel(one), lab.left()
    monkeypatch.setattr(end, "veth", SimpleNamespace(current=short))
    reply = answer(lab, one, lab.entry(previous))
    assert (reply.status, "cannot be looked at" in reply.stdout) == (1, True)
    lab.settle(before)
    assert kernel(one) == before_kernel
    lab.unveth(one)


@pytest.mark.parametrize("activation", ["split", "metadata"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_after_the_last_step_is_too_late(lab: Lab, number: signal.Signals, activation: str) -> None:
    one = lab.container("one")
    entry = lab.entry(lab.veth(one), activation=activation)
    done = subprocess.run(
        [sys.executable, "-I", "-c", SIGNALLED.format(number=int(number))],
        env=lab.environment("ADD", one),
        input=json.dumps(entry).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, json.loads(done.stdout).get("code"), done.stderr) == (0, None, b"")
    assert one.pings("10.10.1.1")
    assert lab.left()["journal"] == 0
    assert lab.call(lab.environment("DEL", one), entry).status == 0
    lab.unveth(one)
    lab.settle(NOTHING)


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
    try:
        eventually(lambda: lab.left()["ports"] == 1, "it is in the middle", 10)
        for again in (number, signal.SIGTERM, number):
            process.send_signal(again)
            time.sleep(0.01)
        stdout, _ = process.communicate(timeout=15)
    finally:
        process.kill()
        process.wait()
    document = json.loads(stdout)
    assert (process.returncode, document["code"], number.name in document["msg"]) == (1, 11, True)
    lab.settle(before)
    assert kernel(one) == before_kernel
    lab.unveth(one)
