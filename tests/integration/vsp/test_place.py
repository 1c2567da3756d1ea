from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from nuage_chain.link.kernel import boot_id
from nuage_chain.vsp import place
from nuage_chain.vsp.settings import Settings
from tests.integration.vsp.conftest import new_netns

pytestmark = pytest.mark.root


@pytest.fixture
def made() -> Iterator[Settings]:
    """Settings for which a namespace was made."""
    name = new_netns()
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield Settings(name, True, "netdev", "host-1", 8443, 7443, netns_id=place.identity(name), boot=boot_id())
    subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def test_a_namespace_that_we_made_is_ours_until_it_is_taken_down(made: Settings) -> None:
    assert made.netns
    assert place.is_ours(made, made.netns)
    assert place.is_ours(replace(made, netns_id=""), made.netns), "`up` was killed just after making it"
    assert place.is_ours(replace(made, netns_id="", boot=""), made.netns), "an earlier version made it"
    for other in (None, replace(made, boot="of yesterday"), replace(made, netns="other"), made.taken_down()):
        assert not place.is_ours(other, made.netns)


def test_another_namespace_of_the_same_name_is_not_ours(made: Settings) -> None:
    assert made.netns
    for _ in range(5):
        for verb in ("delete", "add"):
            subprocess.run(["ip", "netns", verb, made.netns], check=True)
        assert not place.is_ours(made, made.netns), "though the kernel may have given it the same inode"
    subprocess.run(["ip", "netns", "delete", made.netns], check=True)
    assert not place.is_ours(made, made.netns)
