"""What is known of one attachment at one moment, from every inventory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nuage_chain.attachment.record import Record
from nuage_chain.link.sandbox import Sandbox
from nuage_chain.vrs.rows import Port
from nuage_chain.vrs.whole import NOTHING, Parts, Seen

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Sighting:
    """What the audit remembers of an attachment that was whole when it was seen last.

    port: all that is needed to make it again. index: of its host end. listed: names of the sources that
    once listed it.
    """

    network: str
    call: str
    boot: str
    netns: str
    port: Port
    index: int
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class InVsd:
    """A vPort that is this node's by its description. parent: its subnet, as `subnets/<id>`.

    network: by whose settings it was found; empty for the node's own.
    """

    external_id: str
    vport: str
    parent: str
    network: str = ""


@dataclass(frozen=True)
class Facts:
    """One attachment. network, switch, netns, pod_uid, host, boot: as far as anybody knows, else empty.

    linked: there is a link of the name `host`. seen: in OVSDB, None without a port there, which tells something only
    where the switch_answers. parts: of it in OVSDB, without a port too. listed: by source, None where the source is
    silent; weak: names of those that know only that nobody has called DEL. record: in the journal. busy: a call is
    under way.
    """

    key: Key
    network: str = ""
    switch: tuple[str, str] | None = None
    netns: str = ""
    pod_uid: str = ""
    host: str = ""
    linked: bool = False
    boot: str = ""
    seen: Seen | None = None
    parts: Parts = NOTHING
    vsd: InVsd | None = None
    sandbox: Sandbox = Sandbox.SILENT
    listed: Mapping[str, bool | None] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()
    switch_answers: bool = False
    record: Record | None = None
    busy: bool = False
    remembered: Sighting | None = None
