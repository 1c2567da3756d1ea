"""Installs: what has to be there, in the order in which it may appear."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nuage_chain.attachment.state import World
from nuage_chain.deadline import Deadline
from nuage_chain.installation import manifest, networks, release, settings_file, units
from nuage_chain.installation.items import File, Folder, Item, Link, Template, digest
from nuage_chain.installation.manifest import Choices, Manifest
from nuage_chain.installation.place import (
    COMMAND,
    CONFIG,
    CURRENT,
    PLUGIN,
    RUN,
    SETTINGS,
    STATE,
    TMPFILES,
    UNITS,
    Place,
    alone,
)
from nuage_chain.installation.release import Release
from nuage_chain.installation.units import Systemd

_TMPFILES = f"d {RUN} 0755 root root -\nd {STATE} 0755 root root -\n"
_PRIVATE = 0o600


@dataclass(frozen=True)
class Wish:
    """launcher: the text of the plugin's executable. network: name of the list to publish, empty for none.

    wait: seconds for the switch to work. chosen: what the next installation is to go by.
    """

    place: Place
    release: Release
    launcher: str
    network: str
    wait: float = 0
    chosen: Choices = field(default_factory=Choices)


class Installation:
    """One run. tell: is told each thing that is done, in a few words."""

    def __init__(self, wish: Wish, world: World, systemd: Systemd, tell: Callable[[str], None]) -> None:
        self._wish, self._place, self._world = wish, wish.place, world
        self._systemd, self._tell = systemd, tell
        self._before = manifest.load(self._place) or Manifest()
        self._units = units.shipped()

    def missing(self) -> list[str]:
        """What `run` would do, a line each."""
        place = self._place
        lines = [f"put {item.path}" for item in self._items() if not item.is_there(place)]
        lines += [f"start {unit}" for unit in self._to_start()] if self._acts_on_systemd() else []
        published = self._published()
        if published is not None and place.live and not Template(published, self._before.files).is_there(place):
            lines.append(f"put {published.path}, once the switch works")
        return lines + [f"remove {path}" for path in self._superseded(self._wish.release.name)]

    def run(self) -> None:
        """Does it. Raises NotAvailable and its like, with everything but the list in place where the switch fails."""
        with alone(self._place):
            found = self._before
            found.chosen = self._wish.chosen
            renewed = self._changed_units()
            started = self._to_start()
            self._put_all(found)
            if self._acts_on_systemd():
                self._systemd.take_over(started, renewed)
            found.running = self._wish.release.name
            found.enabled = sorted({*found.enabled, *(unit.path.name for unit in self._units)})
            manifest.store(found, self._place)
            self._publish(found)
            self._prune(found)

    def _put_all(self, found: Manifest) -> None:
        if found.current != self._wish.release.name:
            found.previous, found.current = found.current, self._wish.release.name
        for item in self._items():
            self._put(item, found)

    def _put(self, item: Item, found: Manifest) -> None:
        """On record before it is there: a run that is killed in between leaves nothing that nobody knows."""
        file = item.file if isinstance(item, Template) else item
        if not item.is_there(self._place):
            self._note(item, found)
            item.put(self._place)
            self._tell(f"put {item.path}")
        if isinstance(file, File) and file.is_there(self._place):
            found.files[str(file.path)] = file.digest

    def _items(self) -> Iterator[Item]:
        """Everything but the list. A launcher comes after what it launches, a unit after what it starts."""
        ours = self._before.files
        yield self._wish.release
        yield Folder(SETTINGS)
        yield Template(File(CONFIG, settings_file.text().encode(), _PRIVATE), ours)
        yield from (Folder(folder) for folder in (STATE, RUN, TMPFILES.parent, UNITS, COMMAND.parent))
        yield File(TMPFILES, _TMPFILES.encode())
        yield Link(CURRENT, str(self._wish.release.path))
        launcher = self._wish.launcher.encode()
        yield from (File(folder / PLUGIN, launcher, 0o755) for folder in self._place.plugins)
        yield Link(COMMAND, str(CURRENT / "bin" / "nuage-chain"), yields=True)
        yield from self._units
        for unit in self._units:
            if unit.path.name not in self._before.enabled:
                for link in units.enabling(unit):
                    yield Folder(link.path.parent)
                    yield link

    def _note(self, item: Item, found: Manifest) -> None:
        path = str(item.path)
        if isinstance(item, Link):
            found.links = sorted({*found.links, path})
        elif isinstance(item, Folder):
            found.folders = sorted({*found.folders, *self._new_folders(item.path)})
        elif not isinstance(item, Release):
            # What it is to be; the digest of an older one stays until it is replaced.
            found.files.setdefault(path, "")
        manifest.store(found, self._place)

    def _new_folders(self, path: Path) -> list[str]:
        above = [path, *path.parents]
        return [str(folder) for folder in above if not self._place.at(folder).exists()]

    def _publish(self, found: Manifest) -> None:
        published = self._published()
        if published is None or not self._place.live:
            return
        known = Template(published, found.files)
        if not known.is_there(self._place):
            networks.wait_until_ready(published, self._world, Deadline(max(self._wish.wait, 0.001)))
            self._put(Folder(published.path.parent), found)
        self._put(known, found)
        self._withdraw([path for path in found.networks if path != str(published.path)], found)
        found.networks = [str(published.path)]
        manifest.store(found, self._place)

    def _withdraw(self, paths: Sequence[str], found: Manifest) -> None:
        """Lists that were published before this one: a runtime would take the first of them."""
        for path in map(Path, paths):
            here, ours = self._place.at(path), found.files.pop(str(path), "")
            if ours and digest(here) == ours:
                here.unlink()
                self._tell(f"removed {path}")
            elif here.exists():
                self._tell(f"kept {path}, since it has been edited; runtimes may go on with it")

    def _published(self) -> File | None:
        return networks.ready(self._wish.network, self._place) if self._wish.network else None

    def _changed_units(self) -> list[str]:
        """Those that run something else from now on, if they run."""
        upgraded = self._before.running != self._wish.release.name
        return [
            unit.path.name
            for unit in self._units
            if unit.path.name in self._before.enabled
            and (not unit.is_there(self._place) or (upgraded and not units.starts_with_install(unit.path.name)))
        ]

    def _to_start(self) -> list[str]:
        fresh = [unit.path.name for unit in self._units if unit.path.name not in self._before.enabled]
        return [unit for unit in fresh if units.starts_with_install(unit)]

    def _acts_on_systemd(self) -> bool:
        return self._place.live and self._systemd.running()

    def _superseded(self, current: str) -> list[Path]:
        """Versions that are neither this one nor the one before, and that no process uses."""
        keep = {current, self._before.current if self._before.current != current else self._before.previous}
        folders = [f for f in release.installed(self._place) if f.name not in keep]
        return [f for f in folders if not (self._place.live and release.in_use(f))]

    def _prune(self, found: Manifest) -> None:
        for folder in self._superseded(found.current):
            shutil.rmtree(folder)
            self._tell(f"removed {folder}")
