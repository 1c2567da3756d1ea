"""What an embedded VSP, or a node of one, was started with; kept in its state directory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from nuage_chain.errors import BadConfig
from nuage_chain.vsp.layout import Layout
from nuage_chain.whole_file import write_whole

LOOPBACK = "127.0.0.1"
VSD_PORT, CERT_PORT = 8443, 7443
SOUTHBOUND_PORT = 6642
"""Where ovn-controllers of other hosts ask OVN's southbound database, over TLS."""


@dataclass(frozen=True)
class Settings:
    """What runs here, and where.

    netns: the name of its network namespace, None for the one of the caller.
    netns_made: whether we made that namespace, and `down` has to remove it.
    datapath: "netdev" or "system".
    system_id: the node's name in OVN and in the external IDs that the resolver gives.
    without_policy: what becomes of traffic in a direction for which no ACL template is active, "drop" or "allow".
    outside: whether the node has a bridge that leads out of the overlay, see layout.OUTSIDE.
    address: where the other nodes reach this one; prefix: its length, where the address is ours to set.
    controller: VSD, OVN's databases and the engine run here. switch: so does a switch that containers are plugged into.
    vsd_host: where VSD listens. southbound: OVN's southbound database, "" for the one here.
    uplink: the link to the other nodes that the switch takes over, "" for none.
    agent: whether an agent of the node's own does the calls of its CNI executable.
    nodes: how many nodes of it are namespaces of this machine, see `cluster`.
    netns_id: which namespace of that name we made, see `place.identity`, "" while it may not be there yet.
    boot: the boot of the machine in which it was started, and not taken down since; "" for none.
    uplink_hushed: whether we made the kernel leave ARP requests that come in by the uplink unanswered.
    """

    netns: str | None
    netns_made: bool
    datapath: str
    system_id: str
    vsd_port: int
    cert_port: int
    without_policy: str = "drop"
    outside: bool = False
    address: str = LOOPBACK
    prefix: int = 32
    controller: bool = True
    switch: bool = True
    vsd_host: str = LOOPBACK
    southbound: str = ""
    uplink: str = ""
    agent: bool = False
    nodes: int = 0
    netns_id: str = ""
    boot: str = ""
    uplink_hushed: bool = False

    @property
    def vsd_url(self) -> str:
        """Where VSD answers to password and API key."""
        return f"https://{self.vsd_host}:{self.vsd_port}"

    @property
    def takes_nodes(self) -> bool:
        """Whether other nodes may join: VSD and the southbound database listen where they can reach them."""
        return self.controller and self.vsd_host != LOOPBACK

    def taken_down(self) -> Settings:
        """The same once nothing of it is there any more: whatever comes to have its names is somebody else's."""
        return replace(self, netns_made=False, netns_id="", boot="", uplink_hushed=False)


def save_settings(layout: Layout, settings: Settings) -> None:
    """Remember `settings` in the state directory."""
    write_whole(layout.settings_file, f"{json.dumps(asdict(settings), indent=1)}\n".encode())


def load_settings(layout: Layout) -> Settings | None:
    """What the last `up` or `join` remembered; None when there was none. Raises BadConfig when the file is damaged."""
    try:
        return Settings(**json.loads(layout.settings_file.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError) as e:
        raise BadConfig(
            f"{layout.settings_file} is damaged: {e}.", hint="Remove the file and start the VSP again."
        ) from e


def sound_settings(layout: Layout) -> Settings | None:
    """As `load_settings`, None for damaged ones too: what is to be stopped is found without them."""
    try:
        return load_settings(layout)
    except BadConfig:
        return None
