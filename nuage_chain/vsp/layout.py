"""Where everything of one embedded VSP, or of a node of one, lies: paths under its state directory."""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.errors import BadConfig, IOFailure
from nuage_chain.whole_file import write_whole

SOCKET_PATH_LIMIT = 107
"""Bytes that fit into sockaddr_un.sun_path beside its closing zero."""

LONGEST_SOCKET_NAME = "ovn-controller.4194304.ctl"

BRIDGE = "alubr0"

OUTSIDE_BRIDGE = "alubr0ext"
OUTSIDE_NETWORK = "outside"
"""The bridge that leads out of the overlay, and what OVN calls it."""

UPLINK_BRIDGE = "alubr0phy"
"""The bridge that leads to the other nodes where the switch itself has to send its tunnels' packets (userspace)."""

OUTSIDE = ipaddress.IPv4Network("198.18.0.0/15")
"""What is on that bridge: the node has the first address, each domain with a way out another one (RFC 2544's range)."""


@dataclass(frozen=True)
class Layout:
    """The paths of one state directory; makes nothing until `prepare` is called."""

    state: Path

    @property
    def run(self) -> Path:
        """Sockets and pidfiles."""
        return self.state / "run"

    @property
    def log(self) -> Path:
        """One log file for each daemon."""
        return self.state / "log"

    @property
    def db(self) -> Path:
        """The three OVSDB files."""
        return self.state / "db"

    @property
    def vsd(self) -> Path:
        """The VSD server's own state directory."""
        return self.state / "vsd"

    @property
    def ca(self) -> Path:
        """The CA that signed VSD's certificate."""
        return self.vsd / "tls" / "ca.pem"

    @property
    def tls(self) -> Path:
        """What proves who is who to OVN's southbound database: on a controller an authority, on a node what it gave."""
        return self.state / "tls"

    @property
    def nodes(self) -> Path:
        """The state directories of the nodes that are namespaces of this machine, by their numbers."""
        return self.state / "nodes"

    @property
    def plugin(self) -> Path:
        """What the plugin keeps of a node that is one of several on a machine, and its executable."""
        return self.state / "plugin"

    @property
    def agent_socket(self) -> Path:
        """Where the agent of such a node listens."""
        return self.run / "agent.sock"

    @property
    def password_file(self) -> Path:
        """The password of csproot, mode 0600."""
        return self.state / "csproot.password"

    @property
    def settings_file(self) -> Path:
        """What this VSP was started with, see `Settings`."""
        return self.state / "vsp.json"

    @property
    def used(self) -> bool:
        """Whether a VSP was ever started in the directory; if not, what is in there is somebody else's."""
        return self.password_file.exists() or self.settings_file.exists()

    @property
    def lock_file(self) -> Path:
        """Held while `up`, `invite`, `join` or `down` works on this directory."""
        return self.state / "lock"

    @property
    def ovsdb_socket(self) -> Path:
        """The switch's database, with the two Nuage tables."""
        return self.run / "db.sock"

    @property
    def nb_socket(self) -> Path:
        """OVN's northbound database."""
        return self.run / "ovnnb_db.sock"

    @property
    def sb_socket(self) -> Path:
        """OVN's southbound database."""
        return self.run / "ovnsb_db.sock"

    @property
    def controller_socket(self) -> Path:
        """Where the resolver listens for OpenFlow; vswitchd takes no other Unix socket than this name in its rundir."""
        return self.run / f"{BRIDGE}.controller"

    def pidfile(self, name: str) -> Path:
        """The pidfile of the daemon called `name`."""
        return self.run / f"{name}.pid"

    def log_of(self, name: str) -> Path:
        """The log file of the daemon called `name`."""
        return self.log / f"{name}.log"

    def environment(self, base: dict[str, str]) -> dict[str, str]:
        """`base` with every directory of Open vSwitch and OVN pointed into the state directory."""
        own = {"RUNDIR": self.run, "LOGDIR": self.log, "DBDIR": self.db, "SYSCONFDIR": self.state}
        return base | {f"{who}_{key}": str(path) for who in ("OVS", "OVN") for key, path in own.items()}


def layout_of(state: Path) -> Layout:
    """The layout of `state`, made absolute.

    Raises BadConfig when the path is so long that a Unix socket below it could not be bound.
    """
    layout = Layout(Path(os.path.abspath(state)))  # noqa: PTH100 - resolve() would follow links, and grow the path
    room = SOCKET_PATH_LIMIT - len(os.fsencode(layout.run)) - 1 - len(LONGEST_SOCKET_NAME)
    if room < 0:
        raise BadConfig(
            f"The state directory {layout.state} is {-room} bytes too long for the Unix sockets below it.",
            hint="Choose a shorter path: a Unix socket's path has at most 107 bytes.",
        )
    return layout


def prepare(layout: Layout) -> None:
    """Make the directories, for root alone, and csproot's password where there is none.

    Raises IOFailure, and BadConfig when the directory is in use for something else.
    """
    try:
        layout.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_a_strangers(layout)
        # First of all: it marks the directory as ours, also when nothing more comes of it.
        if not layout.password_file.exists():
            write_whole(layout.password_file, f"{secrets.token_urlsafe(18)}\n".encode())
        for path in (layout.run, layout.log, layout.db, layout.vsd):
            path.mkdir(mode=0o700, exist_ok=True)
    except OSError as e:
        raise IOFailure(f"The state directory {layout.state} cannot be prepared: {e}.") from e


def _refuse_a_strangers(layout: Layout) -> None:
    draft = f".{layout.password_file.name}."
    if not layout.used and any(not path.name.startswith(draft) for path in layout.state.iterdir()):
        raise BadConfig(
            f"{layout.state} holds other files, and no VSP was ever started in it.",
            hint="Give --state a directory that is empty, or one that does not exist yet.",
        )


def password(layout: Layout) -> str:
    """The password of csproot. Raises IOFailure."""
    try:
        return layout.password_file.read_text(encoding="utf-8").strip()
    except OSError as e:
        raise IOFailure(f"The password of csproot cannot be read: {e}.") from e
