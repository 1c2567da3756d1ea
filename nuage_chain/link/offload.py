"""TX checksum offload of the container end (ioctl SIOCETHTOOL; linux/ethtool.h, linux/sockios.h).

Open vSwitch's userspace datapath passes packets on as they are: with offload on, their checksums are never filled
in, so that ping works and TCP does not (shared/notes/field-notes.md 6). It has to be off on the container's end.
"""

from __future__ import annotations

import array
import fcntl
import socket
import struct

from nuage_chain.errors import KernelRefused

_SIOCETHTOOL = 0x8946
_ETHTOOL_GTXCSUM = 0x16
_ETHTOOL_STXCSUM = 0x17


def tx_checksum(ifname: str) -> bool:
    """Whether TX checksum offload is on, for an interface of this thread's namespace. Raises KernelRefused."""
    return bool(_ethtool(ifname, _ETHTOOL_GTXCSUM, 0))


def set_tx_checksum(ifname: str, on: bool) -> None:
    """Turns TX checksum offload on or off. Raises KernelRefused."""
    _ethtool(ifname, _ETHTOOL_STXCSUM, int(on))


def _ethtool(ifname: str, command: int, value: int) -> int:
    # struct ethtool_value {command, data}, and a struct ifreq that points to it.
    buffer = array.array("B", struct.pack("II", command, value))
    request = struct.pack("16sP", ifname.encode(), buffer.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as s:
        try:
            fcntl.ioctl(s, _SIOCETHTOOL, request)
        except OSError as e:
            raise KernelRefused(f"Asking {ifname} for its TX checksum offload failed: {e.strerror}.") from e
    return int(struct.unpack("II", buffer.tobytes())[1])
