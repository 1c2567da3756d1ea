"""What a host needs to join an embedded VSP: one file that the controller makes for it, to be carried there by hand.

It is a secret: it holds the host's key for OVN's southbound database and the password of csproot.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, IOFailure, NotAvailable
from nuage_chain.vsp import directory
from nuage_chain.vsp.layout import Layout, password
from nuage_chain.vsp.settings import SOUTHBOUND_PORT, Settings, load_settings
from nuage_chain.vsp.vsd.tls import issue_client
from nuage_chain.whole_file import write_whole

_ENTERPRISE = "nodes"


@dataclass(frozen=True)
class Invitation:
    """Where the centre is and how to prove who one is there; certificates and key are PEM.

    name: the node's name, which its certificate carries as well: OVN gives it its own rows by that.
    """

    name: str
    host: str
    vsd_port: int
    cert_port: int
    southbound: str
    password: str
    vsd_ca: str
    ovn_ca: str
    certificate: str
    key: str


def invite_host(layout: Layout, name: str, deadline: Deadline) -> Invitation:
    """As `invite`, for a VSP that may be coming up at this moment.

    `up` makes the authority that signs; whoever signs beside it makes one too, and a host trusts the one that is lost.
    Raises NotAvailable as well when there is no VSP, or another command is at work on it for too long.
    """
    if load_settings(layout) is not None:
        with directory.locked(layout, deadline):
            settings = load_settings(layout)
            if settings is not None:
                return invite(layout, settings, name)
    raise NotAvailable(f"No embedded VSP was started in {layout.state}.", hint="Start it: `nuage-chain vsp up`.")


def invite(layout: Layout, settings: Settings, name: str) -> Invitation:
    """An invitation for the node of that name; the same one each time. To be called with the directory locked.

    Raises NotAvailable when the VSP does not take nodes, BadConfig for a name that cannot be one, IOFailure.
    """
    if not settings.takes_nodes:
        raise NotAvailable(
            f"The VSP in {layout.state} listens on {settings.vsd_host} only, where no other host reaches it.",
            hint="Start it with `nuage-chain vsp up --listen ADDRESS`.",
        )
    try:
        vsd_ca, ovn_ca = layout.ca.read_text(), (layout.tls / "ca.pem").read_text()
        pair = issue_client(layout.tls, name, _ENTERPRISE)
        return Invitation(
            name=name,
            host=settings.vsd_host,
            vsd_port=settings.vsd_port,
            cert_port=settings.cert_port,
            southbound=f"ssl:{settings.vsd_host}:{SOUTHBOUND_PORT}",
            password=password(layout),
            vsd_ca=vsd_ca,
            ovn_ca=ovn_ca,
            certificate=pair.certificate.read_text(),
            key=pair.key.read_text(),
        )
    except OSError as e:
        raise IOFailure(f"The VSP in {layout.state} has not made all of its certificates: {e}.") from e


def text(invitation: Invitation) -> str:
    """The invitation as `load` reads it."""
    return json.dumps(asdict(invitation), indent=1)


def save(invitation: Invitation, path: Path) -> None:
    """Write it to a file that its owner alone may read. Raises IOFailure."""
    try:
        write_whole(path, f"{text(invitation)}\n".encode())
    except OSError as e:
        raise IOFailure(f"{path} cannot be written: {e.strerror}.") from e


def load(path: Path) -> Invitation:
    """The invitation in a file. Raises IOFailure, BadConfig."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        wanted = {field.name: int if field.type == "int" else str for field in fields(Invitation)}
        if found.keys() != wanted.keys() or not all(isinstance(found[name], kind) for name, kind in wanted.items()):
            raise ValueError("it does not have what an invitation has")
        return Invitation(**found)
    except OSError as e:
        raise IOFailure(f"{path} cannot be read: {e.strerror}.") from e
    except (ValueError, AttributeError) as e:
        raise BadConfig(
            f"{path} is not an invitation: {e}.", hint="`nuage-chain vsp invite NAME` on the controller makes one."
        ) from e


def unpack(invitation: Invitation, layout: Layout) -> None:
    """Put what it holds to where the daemons of a node look for it. Raises IOFailure."""
    try:
        for path, content in _files(invitation, layout).items():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, content.encode())
    except OSError as e:
        raise IOFailure(f"The state directory {layout.state} cannot be prepared: {e}.") from e


def is_unpacked(invitation: Invitation, layout: Layout) -> bool:
    """Whether what it holds is where the daemons of a node look for it."""
    try:
        return all(path.read_text() == content for path, content in _files(invitation, layout).items())
    except OSError:
        return False


def _files(invitation: Invitation, layout: Layout) -> dict[Path, str]:
    return {
        layout.ca: invitation.vsd_ca,
        layout.password_file: f"{invitation.password}\n",
        layout.tls / "ca.pem": invitation.ovn_ca,
        layout.tls / "node.pem": invitation.certificate,
        layout.tls / "node-key.pem": invitation.key,
    }
