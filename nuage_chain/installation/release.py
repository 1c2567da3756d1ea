"""One version of the project in a folder of its own, complete from the moment that it has its name."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from nuage_chain import __version__
from nuage_chain.errors import NotAvailable
from nuage_chain.installation import bytecode
from nuage_chain.installation.distributions import Files
from nuage_chain.installation.place import HOME, Place

_SECONDS = 60
LIBRARY = Path("lib") / f"python3.{sys.version_info.minor}" / "site-packages"
"""Where a virtual environment has its packages, from its folder."""

_VENV = """\
home = {home}
include-system-site-packages = false
"""
# The folder by its own name: `current` may be another version a moment later, and a process stays with one.
_COMMAND = """\
#!{folder}/bin/python -I
import sys

from nuage_chain.cli.main import main

sys.exit(main())
"""


@dataclass(frozen=True)
class Release:
    """A virtual environment without pip. interpreter: the system's Python, on the node. files: its packages."""

    interpreter: Path
    files: Files = field(repr=False)

    @cached_property
    def name(self) -> str:
        """The version, and a digest of all there is in it: another build of a version is another folder."""
        whole = hashlib.sha256(os.fsencode(self.interpreter))
        for name in sorted(self.files):
            content = hashlib.sha256(self.files[name].read_bytes()).hexdigest()
            whole.update(f"{name}\0{content}\n".encode())
        return f"{__version__}+{whole.hexdigest()[:8]}"

    @property
    def path(self) -> Path:
        """Its folder on the node."""
        return HOME / self.name

    def is_there(self, place: Place) -> bool:
        """A folder of that name is complete."""
        return place.at(self.path).is_dir()

    def put(self, place: Place) -> None:
        """Copies and compiles beside it, and gives it its name at the end. Raises NotAvailable, OSError."""
        final, part = place.at(self.path), place.at(HOME / f".{self.name}.new")
        shutil.rmtree(part, ignore_errors=True)
        for name, source in self.files.items():
            _copy(source, part / LIBRARY / name)
            if name.suffix == ".py":
                bytecode.put(source, part / LIBRARY / name, self.path / LIBRARY / name)
        self._make_environment(part)
        if place.live:
            _try_out(part)
        os.sync()
        part.rename(final)

    def _make_environment(self, part: Path) -> None:
        (part / "pyvenv.cfg").write_text(_VENV.format(home=self.interpreter.parent))
        programs = part / "bin"
        programs.mkdir()
        (programs / "python").symlink_to(self.interpreter)
        command = programs / "nuage-chain"
        command.write_text(_COMMAND.format(folder=self.path))
        command.chmod(0o755)


def _try_out(folder: Path) -> None:
    programs = folder / "bin"
    try:
        done = subprocess.run(
            [programs / "python", "-I", programs / "nuage-chain", "--version"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd="/",
        )
        said, works = done.stderr.strip(), done.returncode == 0
    except (OSError, subprocess.TimeoutExpired) as e:
        said, works = str(e), False
    if not works:
        raise NotAvailable(f"What was copied does not run: {said[-300:]}", hint="Nothing was changed.")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def installed(place: Place) -> list[Path]:
    """The folders of all versions that are there, as they are to be opened here."""
    home = place.at(HOME)
    return sorted(f for f in home.iterdir() if f.is_dir() and not f.is_symlink()) if home.is_dir() else []


def in_use(folder: Path) -> bool:
    """Whether a process has a library of it open; one that cannot be looked at counts as one that has."""
    needle = f"{folder}/".encode()
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            if needle in (process / "maps").read_bytes() or needle in (process / "cmdline").read_bytes():
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            return True
    return False
