"""Links of this thread's network namespace, asked for one by one, by name or index.

A dump of all links takes 300 ms on a busy node and may be interrupted there (shared/notes/field-notes.md 7).
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

from nuage_chain.link.rtnl import ACK, Socket, attribute, attributes, number, text

_NEWLINK, _DELLINK, _GETLINK, _GETNSID = 16, 17, 18, 90
_ADDRESS, _IFNAME, _MTU, _LINK, _MASTER, _LINKINFO, _EXT_MASK, _LINK_NETNSID = 1, 3, 4, 5, 10, 18, 29, 37
_KIND, _SLAVE_KIND = 1, 4
_NSID, _NSID_FD = 1, 3
_SKIP_STATISTICS = 8
_UP = 1
# struct ifinfomsg: family, device type, index, flags, which flags change.
_IFINFOMSG = struct.Struct("=BxHiII")
_RTGENMSG = bytes(4)
_LONGEST_NAME = 15


@dataclass(frozen=True)
class Link:
    """A link as the kernel had it when it was asked.

    mac: lower case, with colons. mtu: bytes. up: administratively. master: ifindex of what it is a port of, 0 for
    none. peer: ifindex of the other end of a veth, peer_netns the ID of its namespace, None for this one. kind:
    `veth` and the like, empty for a physical one. slave_kind: what it is a port of, as `bridge` or `openvswitch`.
    """

    name: str
    index: int
    mac: str
    mtu: int
    up: bool = True
    master: int = 0
    peer: int = 0
    peer_netns: int | None = None
    kind: str = ""
    slave_kind: str = ""

    @property
    def in_switch(self) -> bool:
        """Whether it is a port of Open vSwitch's kernel datapath (the userspace one leaves no trace on a link)."""
        return self.slave_kind == "openvswitch"


def get(kernel: Socket, *, name: str = "", index: int = 0) -> Link | None:
    """The link of that name, or with that index; None where there is none. Raises OSError."""
    if not (name or index) or len(name.encode()) > _LONGEST_NAME:
        return None
    body = _IFINFOMSG.pack(0, 0, index, 0, 0) + attribute(_EXT_MASK, struct.pack("=I", _SKIP_STATISTICS))
    if name:
        body += attribute(_IFNAME, name.encode() + b"\0")
    try:
        [(_, answer)] = kernel.ask(_GETLINK, body)
    except OSError as e:
        if e.errno == errno.ENODEV:
            return None
        raise
    return _link(answer)


def change(kernel: Socket, index: int, *, up: bool = False, mtu: int | None = None, master: int | None = None) -> None:
    """Sets what is given; master 0 takes it out of its bridge. Raises OSError."""
    flag = _UP if up else 0
    body = _IFINFOMSG.pack(0, 0, index, flag, flag)
    for kind, value in ((_MTU, mtu), (_MASTER, master)):
        if value is not None:
            body += attribute(kind, struct.pack("=I", value))
    kernel.ask(_NEWLINK, body, ACK)


def delete(kernel: Socket, index: int) -> None:
    """Deletes the link. Raises OSError."""
    kernel.ask(_DELLINK, _IFINFOMSG.pack(0, 0, index, 0, 0), ACK)


def netns_id(kernel: Socket, fd: int) -> int:
    """By which ID this namespace knows the one that `fd` has open; -1 where it has none. Raises OSError."""
    [(_, answer)] = kernel.ask(_GETNSID, _RTGENMSG + attribute(_NSID_FD, struct.pack("=I", fd)))
    return int(struct.unpack("=i", attributes(answer, len(_RTGENMSG))[_NSID])[0])


def _link(answer: bytes) -> Link:
    _, _, index, flags, _ = _IFINFOMSG.unpack_from(answer)
    has = attributes(answer, _IFINFOMSG.size)
    info = attributes(has.get(_LINKINFO, b""))
    return Link(
        name=text(has.get(_IFNAME, b"")),
        index=index,
        mac=has.get(_ADDRESS, b"").hex(":"),
        mtu=number(has.get(_MTU, b"")),
        up=bool(flags & _UP),
        master=number(has.get(_MASTER, b"")),
        peer=number(has.get(_LINK, b"")),
        peer_netns=struct.unpack("=i", has[_LINK_NETNSID])[0] if _LINK_NETNSID in has else None,
        kind=text(info.get(_KIND, b"")),
        slave_kind=text(info.get(_SLAVE_KIND, b"")),
    )
