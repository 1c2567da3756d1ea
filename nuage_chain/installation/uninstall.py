"""Takes away what an installation has put there: first what brings containers to us, last the code."""

from __future__ import annotations

import contextlib
import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.attachment.state import World
from nuage_chain.audit.networks import Networks
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable, NuageChainError
from nuage_chain.installation import release
from nuage_chain.installation.items import digest, half
from nuage_chain.installation.manifest import Manifest
from nuage_chain.installation.place import CONFIG, CURRENT, HOME, MANIFEST, RUN, SETTINGS, STATE, UNITS, Place, alone
from nuage_chain.installation.units import Systemd
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.whole import whole

_SECONDS = 10
_HINT = "Stop those containers first; --force leaves them connected, and nobody removes what is left of them."


def refuse_while_attached(found: Networks, world: World) -> None:
    """Raises NotAvailable where containers are attached, something is owed, or nobody can tell."""
    switches = {(one.text("ovsdb"), one.text("bridge")) for one in (found.node, *found.by_name.values())}
    attached = 0
    for remote, bridge in sorted(switches):
        connection = Connection(remote)
        try:
            attached += len(whole(connection, bridge, Deadline(_SECONDS)).ours)
        except NuageChainError as e:
            raise NotAvailable(f"Whether containers are attached cannot be told: {e.message}", hint=_HINT) from e
        finally:
            connection.close()
    if attached:
        raise NotAvailable(f"{attached} container interface(s) are attached by nuage-chain.", hint=_HINT)
    owed = len(world.journal(found.node).debts())
    if owed:
        raise NotAvailable(
            f"{owed} attachment(s) are not gone everywhere yet.",
            hint="`nuage-chain audit apply` removes what is left of them; --force leaves it there for ever.",
        )


@dataclass(frozen=True)
class Removal:
    """tell: is told each thing that is done. purge: what people have written, and what was remembered, goes too."""

    place: Place
    found: Manifest
    systemd: Systemd
    tell: Callable[[str], None]
    purge: bool = False

    def run(self) -> None:
        """Can be run again where it was killed. Raises OSError, NotAvailable."""
        with alone(self.place):
            for path in map(Path, self.found.networks):
                self._take_back(path)
            self._end_units()
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
        for folder in [RUN] + [STATE, SETTINGS] * self.purge:
            here = self.place.at(folder)
            if here.is_dir():
                shutil.rmtree(here)
                self.tell(f"removed {folder}")
        for name in sorted(self.found.folders, reverse=True):
            # One that is not empty has something of somebody else's.
            with contextlib.suppress(OSError):
                self.place.at(Path(name)).rmdir()

    def _remove_code(self) -> None:
        """Last, since it may be what runs; the record goes when all else has."""
        self._remove(CURRENT)
        for folder in release.installed(self.place):
            shutil.rmtree(folder)
            self.tell(f"removed {folder}")
        self._remove(MANIFEST)
        with contextlib.suppress(OSError):
            self.place.at(HOME).rmdir()
