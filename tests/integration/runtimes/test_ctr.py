"""What happens when nobody calls DEL, as after the death of the `ctr` that waits for its container."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nuage_chain.audit.cached import Cached
from nuage_chain.deadline import Deadline
from nuage_chain.orchestrators.cri import Cri
from tests.integration.audit.audits import Audits, outcomes
from tests.integration.lab import NOTHING, Lab
from tests.integration.runtimes.containerd import Ctr

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]


def test_what_nobody_deletes_goes_with_the_audit_and_what_runs_stays(lab: Lab, ctr: Ctr, audits: Audits) -> None:
    cache = Cached(Path("/var/lib/cni"))
    audits.sources = [cache, Cri(ctr.containerd.socket)]
    one, two = ctr.start("one"), ctr.start("two")
    ctr.abandon(one)
    assert outcomes(audits.twice()) == [("remove", "done")]
    assert lab.left()["ports"] == 1
    assert two.pings("10.10.1.1")
    ctr.stop(two)
    lab.settle(NOTHING)
    # The file of a namespace that is gone lists nothing, and is the runtime's own to remove.
    assert not cache.listing(Deadline(5)).sandboxes
    Path("/var/lib/cni/results", f"nuage-{one.id}-eth0").unlink()


def test_what_nobody_deletes_is_left_to_gc(lab: Lab, ctr: Ctr) -> None:
    one = ctr.start("one")
    ctr.abandon(one)
    left = lab.left()
    assert (left["ports"], left["containers"]) == (1, 1)
    everything = lab.entry() | {"cniVersion": "1.1.0", "cni.dev/valid-attachments": []}
    environment = {k: v for k, v in lab.environment("GC", one).items() if k in ("CNI_COMMAND", "CNI_PATH")}
    collected = lab.call(environment, json.dumps(everything).encode())
    assert (collected.status, collected.stdout) == (0, "")
    lab.settle(NOTHING)
    # The runtime's own record of the attachment is the runtime's own to remove.
    Path("/var/lib/cni/results", f"nuage-{one.id}-eth0").unlink()
