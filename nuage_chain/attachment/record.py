"""What the journal keeps of one attachment while a call is under way, or while something of it is still owed.

All that `undo` needs is in here, so that a rollback, a call after a crash, a DEL and the audit are one piece of code.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.attachment.identity import Identity
from nuage_chain.attachment.keys import KEYS
from nuage_chain.attachment.settings import Settings
from nuage_chain.vrs import rows
from nuage_chain.vrs.switch import Plugged

ADD, DEL = "ADD", "DEL"
# Where something can be owed.
KERNEL, OVSDB, VSD, KUBEMON = "kernel", "ovsdb", "vsd", "kubemon"
_FORMAT = 1


class NotARecord(Exception):
    """What was read is no record of ours; the message says why."""


@dataclass
class HostEnd:
    """The host end before it left its bridge.

    master: ifindex of the Linux bridge, 0 for none. ipv6: its sysctl disable_ipv6, None on a kernel without IPv6.
    mtu: bytes. addresses, routes: as link.layer3 has them.
    """

    name: str
    index: int
    master: int
    mtu: int
    ipv6: str | None
    addresses: list[dict[str, Any]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class ContainerEnd:
    """The container end before it was configured. offload: of TX checksums. held: its addresses, with prefixes.

    index, mac: by which it is known again, since another container may have an interface of that name at that path.
    """

    index: int
    mac: str
    mtu: int
    ipv6: str | None
    offload: bool
    held: list[str] = field(default_factory=list)


@dataclass
class Objects:
    """What VSD has, or may have, of the attachment: IDs where they are known.

    parent: `subnets/<id>` or `l2domains/<id>`, where a vPort whose ID is not known can be searched for.
    last: the container has no other interface; None where that is not known.
    """

    parent: str = ""
    container: str = ""
    interface: str = ""
    vport: str = ""
    last: bool | None = None


@dataclass
class Record:
    """One attachment. call: the ADD that it is about; empty for a DEL, which is about whichever there is.

    since: Unix seconds. boot: the boot ID that it was written under. values: the settings without secrets.
    uuid: the container's key in VRS. monitored: the pod of whose end nuagekubemon has to hear. addresses: those that
    it holds in VSD, as far as known. owed: where something is left to be done, empty while the call is under way;
    problem: why it could not be done, in a sentence.
    """

    verb: str
    container_id: str
    ifname: str
    network: str
    uuid: str
    name: str
    external_id: str
    vport_external_id: str
    since: float
    netns: str = ""
    call: str = ""
    boot: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    monitored: str = ""
    addresses: list[str] = field(default_factory=list)
    host: HostEnd | None = None
    container: ContainerEnd | None = None
    objects: Objects | None = None
    owed: list[str] = field(default_factory=list)
    problem: str = ""

    def settings(self, now: Settings) -> Settings:
        """`now` with what the record was written under in its place; secrets are today's."""
        values = {**now.values, **{k: KEYS[k].kind.read(v) for k, v in self.values.items() if k in KEYS}}
        return dataclasses.replace(now, values=values)

    def is_about(self, port: Plugged) -> bool:
        """Whether the port is the one that this record's ADD has made, or any, for a DEL."""
        return not self.call or port.marks.get(rows.CALL) == self.call

    def text(self) -> str:
        """As JSON; no secret is in it."""
        return json.dumps({"format": _FORMAT, **vars(self)}, default=vars)


def begun(verb: str, who: Identity, found: Settings, since: float, *, call: str = "", boot: str = "") -> Record:
    """A record of a call that begins now."""
    return Record(
        verb=verb,
        container_id=who.container_id,
        ifname=who.ifname,
        network=who.network,
        netns=who.netns,
        uuid=who.uuid,
        name=who.name,
        external_id=who.external_id,
        vport_external_id=who.vport_external_id,
        since=since,
        call=call,
        boot=boot,
        values=_without_secrets(found),
    )


def read(document: object) -> Record:
    """The reverse of `Record.text`, once that is parsed. Raises NotARecord."""
    if not isinstance(document, Mapping) or document.get("format") != _FORMAT:
        raise NotARecord(f"it is not of the format {_FORMAT}")
    values = {k: v for k, v in document.items() if k != "format"}
    try:
        for name, kind in (("host", HostEnd), ("container", ContainerEnd), ("objects", Objects)):
            if values.get(name) is not None:
                values[name] = kind(**values[name])
        record = Record(**values)
    except TypeError as e:
        raise NotARecord(str(e)) from e
    if not all(isinstance(t, str) and t for t in (record.verb, record.container_id, record.ifname)):
        raise NotARecord("it names no attachment")
    return record


def _without_secrets(found: Settings) -> dict[str, Any]:
    """What says where switch, VSD and nuagekubemon are; the workload's own wishes are not needed to take it away."""
    kept = {k: v for k, v in found.values.items() if k in KEYS and not KEYS[k].secret}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in kept.items()}
