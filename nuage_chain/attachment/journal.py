"""The journal: one small file for each attachment of which a call is under way, or something is still owed.

Nothing is in it otherwise: what is attached is told by OVSDB. A file that no call holds the lock of was left by one
that was killed. `<digest>.call` is a call under way, `<digest>.debt` is owed; both are replaced by rename. A debt
beside a call is a DEL that could not wait for the ADD's end: the ADD sees it there and takes itself back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nuage_chain.attachment import record as records
from nuage_chain.attachment.lock import Locks
from nuage_chain.attachment.record import NotARecord, Record
from nuage_chain.deadline import Deadline
from nuage_chain.errors import IOFailure

_CALL, _DEBT, _PART, _BROKEN = ".call", ".debt", ".part", ".broken"


class Journal:
    """The records in `folder`, and a lock for each attachment in `locks` (a folder that a reboot empties)."""

    def __init__(self, folder: Path, locks: Path) -> None:
        self.folder = folder
        self._locks = Locks(locks)

    @contextmanager
    def lock(self, container_id: str, ifname: str, deadline: Deadline) -> Iterator[None]:
        """Nobody else works on that attachment meanwhile. Raises Busy, IOFailure."""
        with self._locks.held(_key(container_id, ifname), deadline, f"{ifname} of container {container_id}"):
            yield

    @contextmanager
    def try_lock(self, container_id: str, ifname: str) -> Iterator[bool]:
        """The same without waiting: False where a call is under way. Raises IOFailure."""
        with self._locks.tried(_key(container_id, ifname)) as ours:
            yield ours

    def write(self, record: Record) -> None:
        """On disk when it returns, whatever happens to the machine next. Raises IOFailure."""
        self._put(record, _CALL)

    def owe(self, record: Record) -> None:
        """Keeps the record as a debt, beside a call that is under way. Raises IOFailure."""
        self._put(record, _DEBT)

    def ended(self, record: Record) -> None:
        """Forgets the call; should a power cut bring the file back, it is settled a second time."""
        self._unlink(record, _CALL)

    def paid(self, record: Record) -> None:
        """Forgets the call, and what was owed."""
        self._unlink(record, _CALL)
        self._unlink(record, _DEBT)

    def read(self, container_id: str, ifname: str) -> Record | None:
        """What is under way or owed; the call where there are both."""
        return self._of(container_id, ifname, _CALL) or self._of(container_id, ifname, _DEBT)

    def debt(self, container_id: str, ifname: str) -> Record | None:
        """What is owed for that attachment."""
        return self._of(container_id, ifname, _DEBT)

    def records(self) -> list[Record]:
        """All there are, the oldest first."""
        return self._listed((_CALL, _DEBT))

    def sweep(self, before: float) -> None:
        """Removes what writers that were killed left half written, where it is older than that (Unix seconds)."""
        for name in self._names():
            with contextlib.suppress(OSError):
                if name.endswith(_PART) and (self.folder / name).stat().st_mtime < before:
                    (self.folder / name).unlink()

    def debts(self) -> list[Record]:
        """All that is owed, the oldest first; reads no file of a call that is under way."""
        return self._listed((_DEBT,))

    def broken(self) -> list[str]:
        """Paths of files that were no records: a power cut before anything was changed leaves such a file."""
        return [str(self.folder / name) for name in self._names() if name.endswith(_BROKEN)]

    def _listed(self, suffixes: tuple[str, ...]) -> list[Record]:
        found = [self._load(self.folder / name) for name in self._names() if name.endswith(suffixes)]
        return sorted((r for r in found if r is not None), key=lambda r: r.since)

    def _names(self) -> list[str]:
        try:
            return sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as e:
            raise IOFailure(f"The journal {self.folder} cannot be read: {e.strerror}.") from e

    def _of(self, container_id: str, ifname: str, suffix: str) -> Record | None:
        return self._load(self._path(container_id, ifname, suffix))

    def _load(self, path: Path) -> Record | None:
        try:
            return records.read(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as e:
            raise IOFailure(f"The journal's file {path} cannot be read: {e.strerror}.") from e
        except (ValueError, NotARecord):
            # Kept for a person to look at, and out of the way.
            with contextlib.suppress(OSError):
                path.rename(path.with_suffix(_BROKEN))
            return None

    def _put(self, record: Record, suffix: str) -> None:
        path = self._path(record.container_id, record.ifname, suffix)
        # A DEL that could not wait for the lock writes beside the call that holds it.
        part = path.with_suffix(f".{os.getpid()}-{threading.get_native_id()}{_PART}")
        try:
            _on_disk(part, record.text().encode())
            part.rename(path)
            _sync_folder(self.folder)
        except OSError as e:
            with contextlib.suppress(OSError):
                part.unlink()
            raise IOFailure(f"The journal's file {path} cannot be written: {e.strerror}.") from e

    def _unlink(self, record: Record, suffix: str) -> None:
        # What cannot be removed is settled again, and finds nothing to do.
        with contextlib.suppress(OSError):
            self._path(record.container_id, record.ifname, suffix).unlink()

    def _path(self, container_id: str, ifname: str, suffix: str) -> Path:
        return self.folder / f"{_key(container_id, ifname)}{suffix}"


def _key(container_id: str, ifname: str) -> str:
    """A slash is in neither (cni.request), so no two attachments have one key."""
    return hashlib.sha256(f"{container_id}/{ifname}".encode()).hexdigest()[:32]


def _on_disk(path: Path, content: bytes) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(path.parent.parent)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(fd, left) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
