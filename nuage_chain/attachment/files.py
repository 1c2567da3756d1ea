"""Files that the configuration names: read in time and up to a size, whatever the path leads to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from nuage_chain.errors import BadConfig

_LARGEST = 1 << 20


def read(path: Path, what: str) -> bytes:
    """The file's content. what: how a person calls it, as `vsd.passwordFile`.

    A FIFO would hang, and a device such as /dev/zero never ends. Raises BadConfig.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadConfig(f"{what} cannot be read: it is not a regular file.")
            content = file.read(_LARGEST + 1)
    except OSError as e:
        raise BadConfig(f"{what} cannot be read: {e.strerror}.") from e
    except ValueError as e:
        raise BadConfig(f"{what} cannot be read: {e}.") from e
    if len(content) > _LARGEST:
        raise BadConfig(f"{what} has more than {_LARGEST >> 20} MiB.")
    return content


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
