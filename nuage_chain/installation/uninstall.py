"""Takes away what an installation has put there: first what brings containers to us, last the code."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.attachment import traces
from nuage_chain.audit import metrics
from nuage_chain.errors import NotAvailable
from nuage_chain.installation import release, units
from nuage_chain.installation.items import digest, half
from nuage_chain.installation.manifest import Manifest
from nuage_chain.installation.place import (
    CONFIG,
    CURRENT,
    HOME,
    MANIFEST,
    RUN,
    SETTINGS,
    STATE,
    UNITS,
    Place,
    alone,
)
from nuage_chain.installation.units import Systemd

# What we keep there; an embedded VSP may be there too, which `vsp down --purge` removes.
_OURS = ("journal", "metrics", "audit.json", "audit.part", "audit.broken", traces.FILE, traces.OLDER)


@dataclass(frozen=True)
class Removal:
    """tell: is told each thing that is done. purge: what people have written, and what was remembered, goes too.

    look: raises NotAvailable where the plugin is still needed, once no new containers come to it.
    """

    place: Place
    found: Manifest
    systemd: Systemd
    tell: Callable[[str], None]
    purge: bool = False
    look: Callable[[], None] = lambda: None

    def run(self) -> None:
        """Can be run again where it was killed. Raises OSError, NotAvailable."""
        with alone(self.place):
            for path in map(Path, self.found.networks):
                self._take_back(path)
            self._end_units()
            self._look_again()
            self._take_back(CONFIG)
            kept = {*self.found.networks, str(CONFIG), str(CURRENT)}
            for name in (*self.found.files, *self.found.links):
                if name not in kept:
                    self._remove(Path(name))
            if self.place.live:
                self.systemd.forget()
            self._remove_folders()
            self._remove_code()

    def _end_units(self) -> None:
        if self.place.live:
            self.systemd.end([unit for unit in self.found.enabled if (UNITS / unit).exists()])

    def _look_again(self) -> None:
        """An ADD that had begun when the list went may have ended well since; then somebody has to do its DEL."""
        try:
            self.look()
        except NotAvailable as e:
            if self.place.live:
                self.systemd.begin(units.enabled(self.place))
            e.add("The list of plugins is gone by now, all else is still there")
            e.hint = f"{e.hint} `nuage-chain install` publishes the list again."
            raise

    def _take_back(self, path: Path) -> None:
        """What somebody has written into it is kept, where a runtime does not look."""
        here = self.place.at(path)
        if not here.exists():
            return
        if self.purge or digest(here) == self.found.files.get(str(path)):
            self._remove(path)
        elif path.parent == SETTINGS:
            self.tell(f"kept {path}, since it has been edited")
        else:
            self._put_aside(path)

    def _put_aside(self, path: Path) -> None:
        """Where the next installation takes it from, or beside the administrator's own of that name."""
        here, kept = self.place.at(path), SETTINGS / path.name
        names = (kept.with_name(f"{kept.name}.published-{n}") for n in itertools.count(1))
        name = next(n for n in itertools.chain([kept], names) if digest(self.place.at(n)) in ("", digest(here)))
        target = self.place.at(name)
        if target.exists():
            self._remove(path)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(here, target)
        self.tell(f"moved {path} to {name}, since it has been edited")

    def _remove(self, path: Path) -> None:
        here = self.place.at(path)
        half(here).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            here.unlink()
            self.tell(f"removed {path}")

    def _remove_folders(self) -> None:
        # Without us nobody would say any more that they are old.
        self._remove(metrics.COLLECTOR / metrics.FILE)
        for path in [RUN] + [*(STATE / name for name in _OURS), SETTINGS] * self.purge:
            here = self.place.at(path)
            if here.is_dir():
                shutil.rmtree(here)
                self.tell(f"removed {path}")
            else:
                self._remove(path)
        for name in sorted({*self.found.folders, *[str(STATE)] * self.purge}, reverse=True):
            # One that is not empty has something of somebody else's.
            with contextlib.suppress(OSError):
                self.place.at(Path(name)).rmdir()
        if self.purge and self.place.at(STATE).exists():
            self.tell(f"kept {STATE}, since there is more in it")

    def _remove_code(self) -> None:
        """Last, since it may be what runs; the record goes when all else has."""
        self._remove(CURRENT)
        for folder in release.installed(self.place):
            shutil.rmtree(folder)
            self.tell(f"removed {folder}")
        self._remove(MANIFEST)
        with contextlib.suppress(OSError):
            self.place.at(HOME).rmdir()
