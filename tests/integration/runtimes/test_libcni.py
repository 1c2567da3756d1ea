"""libcni and our own runtime side undo each other's attachments to the overlay: one cache, one format."""

from __future__ import annotations

import dataclasses
import json

import pytest

from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.deadline import Deadline
from tests.integration.lab import NOTHING, Lab
from tests.integration.runtimes.libcni import Libcni

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]


def test_we_delete_what_libcni_added(lab: Lab, libcni: Libcni) -> None:
    one = libcni.start("one")
    (cached,) = lab.runtime.attachments(one.id)
    assert cached.result == json.loads(libcni.call("result", one.id, one.netns))
    # Debian's libcni is of before the cache had the network namespace.
    known = dataclasses.replace(cached.attachment, netns=one.netns)
    lab.runtime.delete(lab.network("10-nuage.conflist"), known, Deadline(60))
    lab.settle(NOTHING)
    libcni.died(one)


def test_libcni_deletes_what_we_added(lab: Lab, libcni: Libcni) -> None:
    one = lab.container("one")
    ours = Attachment(one.id, one.netns, "eth0", [("IgnoreUnknown", "1")], {})
    result = lab.runtime.add(lab.network("10-nuage.conflist"), ours, Deadline(60))
    assert json.loads(libcni.call("result", one.id, one.netns)) == result
    libcni.call("del", one.id, one.netns)
    assert lab.runtime.attachments(one.id) == []
    lab.remove(one)
    lab.settle(NOTHING)
