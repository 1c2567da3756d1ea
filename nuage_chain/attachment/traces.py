"""One line of JSON for every ADD and DEL, kept in a ring of two files of bounded size.

Nothing is waited for: a line that cannot be written is lost, and no call fails or is delayed for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from nuage_chain import tracing
from nuage_chain.cni.request import Request
from nuage_chain.cni.result import Result
from nuage_chain.errors import NuageChainError
from nuage_chain.tracing import Recording

FILE, OLDER = "trace.jsonl", "trace.1.jsonl"
LARGEST = 4 << 20
_DEFAULT = Path("/var/lib/nuage-chain")
_LONGEST_ERROR = 400
# A file, by its inode, and an offset in it.
Position: TypeAlias = tuple[int, int]


def traced(
    verb: Callable[[Request], Result | None], clock: Callable[[], float], environ: Mapping[str, str], way: str
) -> Callable[[Request], Result | None]:
    """The verb, each of whose calls leaves a line. way: by which the call came, `agent` or `direct`."""

    def call(request: Request) -> Result | None:
        error: BaseException | None = None
        began = clock()
        with tracing.recording() as record:
            try:
                return verb(request)
            except BaseException as e:
                error = e
                raise
            finally:
                line = _line(request, record, error, began)
                line |= {"way": way, **({"traceparent": t} if (t := environ.get("TRACEPARENT")) else {})}
                write(record.folder or _DEFAULT, line)

    return call


def write(folder: Path, line: Mapping[str, Any]) -> None:
    """Appends the line, and begins a second file when the first one is full."""
    data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    path = folder / FILE
    # One write of O_APPEND: lines of calls beside each other do not mix.
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, data)
            if os.fstat(fd).st_size > LARGEST:
                _turn(fd, path)
        finally:
            os.close(fd)


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """All lines there are, the oldest first; what is no line of ours is left out."""
    for name in (OLDER, FILE):
        with contextlib.suppress(OSError):
            yield from _parsed((folder / name).read_bytes())


def since(folder: Path, position: Position) -> tuple[list[dict[str, Any]], Position]:
    """The lines that were written after `position`, and the position after them; (0, 0) is before all there are."""
    inode, offset = position
    lines: list[dict[str, Any]] = []
    for name in (OLDER, FILE):
        try:
            with open(folder / name, "rb") as file:
                here = os.fstat(file.fileno()).st_ino
                if name == OLDER and here != inode and inode and _inode(folder / FILE) == inode:
                    # All of the older file was counted before the one that we were in was begun.
                    continue
                file.seek(offset if here == inode else 0)
                content = file.read()
                position = (here, file.tell())
        except OSError:
            continue
        lines += _parsed(content)
    return lines, position


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _parsed(content: bytes) -> Iterator[dict[str, Any]]:
    for raw in content.splitlines():
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict) and {"verb", "time", "ms", "spans", "result"} <= line.keys():
            yield line


def _turn(fd: int, path: Path) -> None:
    """Only one of those that see it full at the same moment, and only while it is still the same file."""
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if path.stat().st_ino == os.fstat(fd).st_ino:
        path.rename(path.with_name(OLDER))


def _line(request: Request, record: Recording, error: BaseException | None, began: float) -> dict[str, Any]:
    line: dict[str, Any] = {
        "time": round(began, 3),
        "verb": request.verb,
        "network": request.network,
        "container": request.container_id,
        "ifname": request.ifname,
        "ms": round(record.elapsed(), 2),
        "result": "ok" if error is None else "error",
        "spans": [[s.kind, s.name, round(s.start, 2), round(s.ms, 2), *([True] if s.failed else [])]
                  for s in record.spans],
    }  # fmt: skip
    pod = "/".join(filter(None, (request.args.get("K8S_POD_NAMESPACE"), request.args.get("K8S_POD_NAME"))))
    line |= {k: v for k, v in (("pod", pod), ("call", record.call)) if v}
    if error is not None:
        line["code"] = error.code if isinstance(error, NuageChainError) else 0
        line["error"] = (str(error) or type(error).__name__)[:_LONGEST_ERROR]
    return line
