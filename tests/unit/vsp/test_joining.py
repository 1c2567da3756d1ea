from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig
from nuage_chain.vsp.invitation import Invitation
from nuage_chain.vsp.joining import Host, join
from nuage_chain.vsp.layout import layout_of, prepare
from nuage_chain.vsp.settings import Settings, load_settings, save_settings

INVITATION = Invitation("host-2", "192.0.2.1", 8443, 7443, "ssl:192.0.2.1:6642", "pw", "ca", "ca", "pem", "key")
OF_ANOTHER = Settings(None, False, "netdev", "host-3", 8443, 7443, controller=False)


@pytest.mark.parametrize(
    ("settings", "whose"),
    [(OF_ANOTHER, "the node host-3"), (replace(OF_ANOTHER, controller=True), "a VSP of its own")],
)
def test_a_directory_that_is_of_something_else_is_not_made_a_nodes(
    tmp_path: Path, settings: Settings, whose: str
) -> None:
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    save_settings(layout, settings)
    with pytest.raises(BadConfig, match=whose):
        join(layout.state, INVITATION, Host(IPv4Interface("192.0.2.2")), environment={}, deadline=Deadline(5))
    assert load_settings(layout) == settings
    assert not layout.tls.exists(), "nothing of the invitation was unpacked"
