"""What an installation consists of: files, links and folders, each of which knows whether it is there already."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nuage_chain.installation.place import Place


class Item(Protocol):
    """One thing that is put somewhere. path: on the node."""

    @property
    def path(self) -> Path:
        """Where it goes."""

    def is_there(self, place: Place) -> bool:
        """Whether nothing is to be done."""

    def put(self, place: Place) -> None:
        """Puts it there, whole or not at all. Raises OSError."""


@dataclass(frozen=True)
class File:
    """A regular file."""

    path: Path
    content: bytes
    mode: int = 0o644

    @property
    def digest(self) -> str:
        """Of the content, as `digest` tells it of a file that is there."""
        return hashlib.sha256(self.content).hexdigest()

    def is_there(self, place: Place) -> bool:
        """Whether it has this content and this mode."""
        path = place.at(self.path)
        try:
            return path.read_bytes() == self.content and path.stat().st_mode & 0o7777 == self.mode
        except OSError:
            return False

    def put(self, place: Place) -> None:
        """A runtime that looks at the same moment sees the old one or the new one."""
        path = place.at(self.path)
        part = half(path)
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self.mode), "wb") as file:
            os.fchmod(file.fileno(), self.mode)
            file.write(self.content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)


@dataclass(frozen=True)
class Link:
    """A symbolic link. yields: a file or folder that somebody else has there stays."""

    path: Path
    target: str
    yields: bool = False

    def is_there(self, place: Place) -> bool:
        """Whether it leads there."""
        path = place.at(self.path)
        if self.yields and path.exists() and not path.is_symlink():
            return True
        try:
            return str(path.readlink()) == self.target
        except OSError:
            return False

    def put(self, place: Place) -> None:
        """An old link is replaced in one step."""
        path = place.at(self.path)
        part = half(path)
        part.unlink(missing_ok=True)
        part.symlink_to(self.target)
        part.rename(path)


@dataclass(frozen=True)
class Folder:
    """A folder with its parents; what is there keeps its mode."""

    path: Path
    mode: int = 0o755

    def is_there(self, place: Place) -> bool:
        """Whether there is such a folder."""
        return place.at(self.path).is_dir()

    def put(self, place: Place) -> None:
        """Its parents get the usual mode."""
        path = place.at(self.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(self.mode, exist_ok=True)
        path.chmod(self.mode)


@dataclass(frozen=True)
class Template:
    """A file that people edit: what they have written stays. ours: digests, by path, of what we have put before."""

    file: File
    ours: Mapping[str, str]

    @property
    def path(self) -> Path:
        """Where it goes."""
        return self.file.path

    def is_there(self, place: Place) -> bool:
        """Whether it is as we would write it, or open to fewer, or somebody else's by now."""
        path = place.at(self.path)
        found = digest(path)
        if found and found != self.ours.get(str(self.path)):
            return True
        return found == self.file.digest and not path.stat().st_mode & 0o777 & ~self.file.mode

    def put(self, place: Place) -> None:
        """As a file."""
        self.file.put(place)


def digest(path: Path) -> str:
    """SHA-256 of a file in hex digits, empty where there is none."""
    with contextlib.suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""


def half(path: Path) -> Path:
    """Where a file is written before it gets its name; not what one who looks for plugins, lists or units takes."""
    return path.with_name(f".{path.name}.new")
