"""Which traffic limits a link has: its queueing disciplines, those of one link only.

pyroute2 reads queueing disciplines as a dump of every link's, which takes long on a busy node
(shared/notes/field-notes.md 7); the kernel also answers for one link and one place (net/sched/sch_api.c).
"""

from __future__ import annotations

import errno
import struct

from nuage_chain.link.rtnl import ACK, ECHO, Socket, attributes, rtnetlink, text

_NEWQDISC, _GETQDISC = 36, 38
_ROOT, _INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
_KIND = 1
# struct tcmsg: family, index, handle, parent, info.
_TCMSG = struct.Struct("=BxxxiIII")
# What the kernel says where there is none, where the link is gone, and where it was built without traffic control.
_NONE = (errno.ENOENT, errno.EINVAL, errno.ENODEV, errno.EOPNOTSUPP)


def limits(index: int) -> list[str]:
    """The kinds of the disciplines that somebody put on the link's way out and way in, as `tbf` and `ingress`.

    index: a link of this thread's namespace. Empty where there are none. Raises KernelRefused.
    """
    with rtnetlink(f"Reading the traffic limits of link {index}") as kernel:
        found = [_kind(kernel, index, parent) for parent in (_ROOT, _INGRESS)]
    return [kind for kind in found if kind]


def _kind(kernel: Socket, index: int, parent: int) -> str:
    """Without the echo the kernel tells others and not whoever asked.

    With the acknowledgement every request ends the same way, also that for a built-in discipline, which has no other
    answer.
    """
    try:
        answers = kernel.ask(_GETQDISC, _TCMSG.pack(0, index, 0, parent, 0), ACK | ECHO)
    except OSError as e:
        if e.errno in _NONE:
            return ""
        raise
    # The kernel's own default has no handle.
    found = [a for kind, a in answers if kind == _NEWQDISC and _TCMSG.unpack_from(a)[2]]
    return text(attributes(found[-1], _TCMSG.size).get(_KIND, b"")) if found else ""
