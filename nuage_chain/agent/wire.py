"""What relay and agent say to each other (docs/agent.md); nuage_chain/relay.py is the other side.

The relay sends one line, `nuage-chain 1 LENGTH`, and that many bytes: token, namespace, variables, each ended by a NUL,
one more NUL, standard input. The agent says ALIVE as often as it likes, ACCEPTED before it starts anything, and
REPLY with one line, `STATUS OUT ERR`, and so many bytes of standard output and standard error.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"nuage-chain 1 "
ALIVE, ACCEPTED, REPLY = b".", b"a", b"r"
LARGEST = (4 << 20) + (3 << 20)
"""Bytes of a call: what the relay sends at most, and as many variables as the kernel gives a process."""

_LONGEST_LINE = len(MAGIC) + 12
_UNSEEN = b"-"


class Garbage(ValueError):
    """What came is no call; the text says why."""


@dataclass(frozen=True)
class Call:
    """One call as the relay sent it. namespace: what the relay saw at CNI_NETNS, device and inode."""

    token: str
    namespace: bytes
    environ: dict[str, str]
    stdin: bytes

    @property
    def verb(self) -> str:
        """CNI_COMMAND, whatever it is; empty for a question to the agent itself."""
        return self.environ.get("CNI_COMMAND", "")

    def is_seen_here(self) -> bool:
        """Whether CNI_NETNS is for us the namespace that it is for the relay, or for neither of us one."""
        try:
            found = Path(self.environ.get("CNI_NETNS", "")).stat() if self.environ.get("CNI_NETNS") else None
        except (OSError, ValueError):
            found = None
        return self.namespace == (_UNSEEN if found is None else b"%d:%d" % (found.st_dev, found.st_ino))


def length(read: bytes) -> int | None:
    """How many bytes the whole message has; None where that cannot be seen yet. Raises Garbage."""
    line, ended, _ = read[:_LONGEST_LINE].partition(b"\n")
    if not line.startswith(MAGIC[: len(line)]):
        raise Garbage("it does not begin as a call does")
    if not ended:
        if len(line) >= _LONGEST_LINE:
            raise Garbage("its first line does not end")
        return None
    digits = line[len(MAGIC) :]
    if not digits.isdigit():
        raise Garbage("its first line has no length")
    if int(digits) > LARGEST:
        raise Garbage(f"it is {int(digits)} bytes long")
    return len(line) + 1 + int(digits)


def parse(message: bytes) -> Call:
    """The call in a whole message. Raises Garbage."""
    _, _, body = message.partition(b"\n")
    head, ended, stdin = body.partition(b"\0\0")
    token, *rest = head.split(b"\0")
    if not ended or not rest or not token.isalnum():
        raise Garbage("it has no token, no namespace or no end of its variables")
    pairs = (os.fsdecode(pair).partition("=") for pair in rest[1:])
    return Call(token.decode(), rest[0], {k: v for k, _, v in pairs}, stdin)


def reply(status: int, out: bytes, err: bytes) -> bytes:
    """An answer as the relay reads it."""
    return REPLY + b"%d %d %d\n" % (status, len(out), len(err)) + out + err
