"""Files that are replaced as a whole: whoever reads sees the old content or the new one, never a half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# A name may be as long as the file system takes, and a draft's is longer.
_PREFIX = 32


def write_whole(path: Path, content: bytes, mode: int = 0o600, *, drafts: Path | None = None) -> None:
    """`path` gets content and mode, both or neither; nobody else can read, or prepare, what becomes of it on the way.

    drafts: the folder of the same file system in which it is written first, hidden; default: beside `path`.
    Raises OSError.
    """
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name[:_PREFIX]}.", dir=drafts or path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
