"""Which traffic limits a link has: its queueing disciplines, those of one link only.

pyroute2 reads queueing disciplines as a dump of every link's, which takes long on a busy node
(shared/notes/field-notes.md 7); the kernel also answers for one link and one place (net/sched/sch_api.c).
"""

from __future__ import annotations

import errno
import os
import socket
import struct

from nuage_chain.errors import KernelRefused

_NEWQDISC, _GETQDISC, _ERROR = 36, 38, 2
# NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO: without the echo the kernel tells others and not whoever asked, and with the
# acknowledgement every request ends the same way, also that for a built-in discipline, which has no other answer.
_ASK = 0x01 | 0x04 | 0x08
_ROOT, _INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
_KIND = 1
_HEADER, _TCMSG, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxxxiIII"), struct.Struct("=HH")
# What the kernel says where there is none, where the link is gone, and where it was built without traffic control.
_NONE = (errno.ENOENT, errno.EINVAL, errno.ENODEV, errno.EOPNOTSUPP)
_SECONDS = 2


def limits(index: int) -> list[str]:
    """The kinds of the disciplines that somebody put on the link's way out and way in, as `tbf` and `ingress`.

    index: a link of this thread's namespace. Empty where there are none. Raises KernelRefused.
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as s:
            s.settimeout(_SECONDS)
            found = [_kind(s, index, parent) for parent in (_ROOT, _INGRESS)]
    except OSError as e:
        raise KernelRefused(f"Reading the traffic limits of link {index} failed: {e.strerror or e}.") from e
    return [kind for kind in found if kind]


def _kind(s: socket.socket, index: int, parent: int) -> str:
    message = _TCMSG.pack(socket.AF_UNSPEC, index, 0, parent, 0)
    s.send(_HEADER.pack(_HEADER.size + len(message), _GETQDISC, _ASK, 0, 0) + message)
    found = ""
    while True:
        reply = s.recv(1 << 16)
        _, kind, *_ = _HEADER.unpack_from(reply)
        if kind == _NEWQDISC:
            _, _, handle, *_ = _TCMSG.unpack_from(reply, _HEADER.size)
            # The kernel's own default has no handle.
            found = _text(reply, _HEADER.size + _TCMSG.size) if handle else ""
        elif kind == _ERROR:
            number = -struct.unpack_from("=i", reply, _HEADER.size)[0]
            if number and number not in _NONE:
                raise OSError(number, os.strerror(number))
            return found


def _text(reply: bytes, offset: int) -> str:
    """TCA_KIND, which the kernel puts among the first attributes."""
    while offset + _ATTRIBUTE.size <= len(reply):
        length, name = _ATTRIBUTE.unpack_from(reply, offset)
        if name == _KIND:
            return reply[offset + _ATTRIBUTE.size : offset + length].rstrip(b"\0").decode()
        offset += max(_ATTRIBUTE.size, length + 3 & ~3)
    return ""
