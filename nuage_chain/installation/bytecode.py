"""Byte code of what is installed: taken over from where pip has made it, else compiled.

Compiling takes most of an installation's time, and minutes on a slow processor. Files of byte code are as PEP 552 has
them.
"""

from __future__ import annotations

import marshal
import py_compile
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from types import CodeType

_HEADER = 16
_HASHED = 1


def put(source: Path, target: Path, shown: Path) -> None:
    """Makes the byte code of `target`, a copy of the module `source`; tracebacks are to name it `shown`.

    It is never compared with its module again: nothing changes where it is installed, and copying an image changes
    times. What is no Python for this interpreter gets none; some packages bring such files.
    """
    code = _made(source)
    if code is None:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(target), dfile=str(shown), quiet=2, invalidation_mode=mode)
        return
    made = Path(cache_from_source(str(target)))
    made.parent.mkdir(exist_ok=True)
    header = MAGIC_NUMBER + _HASHED.to_bytes(4, "little") + source_hash(target.read_bytes())
    made.write_bytes(header + marshal.dumps(_shown_as(code, str(shown))))


def _made(source: Path) -> CodeType | None:
    """What there is for this very module, compiled by this very Python."""
    try:
        found, about = Path(cache_from_source(str(source))).read_bytes(), source.stat()
        if found[:4] != MAGIC_NUMBER or found[4:_HEADER] != _expected(found, source, about.st_mtime, about.st_size):
            return None
        code = marshal.loads(found[_HEADER:])  # noqa: S302 - Python would run it as it is
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def _expected(found: bytes, source: Path, mtime: float, size: int) -> bytes:
    flags = int.from_bytes(found[4:8], "little")
    if flags & _HASHED:
        return found[4:8] + source_hash(source.read_bytes())
    return bytes(4) + (int(mtime) & 0xFFFFFFFF).to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")


def _shown_as(code: CodeType, path: str) -> CodeType:
    constants = tuple(_shown_as(one, path) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.replace(co_filename=path, co_consts=constants)
