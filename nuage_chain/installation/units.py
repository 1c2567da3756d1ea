"""systemd: the units that are shipped, what enabling one means, and the few calls to the running one."""

from __future__ import annotations

import configparser
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nuage_chain
from nuage_chain.errors import NotAvailable
from nuage_chain.installation.items import File, Link
from nuage_chain.installation.place import UNITS, Place

SHIPPED = Path(nuage_chain.__file__).parent / "shipped"
_KINDS = (".service", ".socket", ".timer")
_RUNNING = Path("/run/systemd/system")
_SECONDS = 60


def shipped() -> list[File]:
    """The unit files, in the order of their names."""
    found = sorted(path for path in (SHIPPED / "systemd").iterdir() if path.suffix in _KINDS)
    return [File(UNITS / path.name, path.read_bytes()) for path in found]


def enabling(unit: File) -> list[Link]:
    """The links that `systemctl enable` makes, by the unit's section [Install]; none where it has no such section."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.content.decode())
    return [
        Link(UNITS / f"{target}.{folder}" / unit.path.name, str(unit.path))
        for key, folder in (("WantedBy", "wants"), ("RequiredBy", "requires"))
        for target in parser.get("Install", key, fallback="").split()
    ]


def starts_with_install(unit: str) -> bool:
    """Whether it is started at once; a service is what its timer or socket starts."""
    return unit.endswith((".timer", ".socket"))


def enabled(place: Place) -> list[str]:
    """Those of them that are started at once and that nobody has disabled."""
    return [
        unit.path.name
        for unit in shipped()
        if starts_with_install(unit.path.name) and any(link.is_there(place) for link in enabling(unit))
    ]


def _call(words: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            ["systemctl", *words],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        raise NotAvailable(f"`systemctl {' '.join(words)}` failed: {e}.", hint="Look at the state of systemd.") from e
    if done.returncode != 0:
        raise NotAvailable(
            f"`systemctl {' '.join(words)}` failed: {done.stderr.strip() or done.returncode}",
            hint="`journalctl -xe` tells more.",
        )


@dataclass(frozen=True)
class Systemd:
    """The running one. call: runs systemctl, and raises NotAvailable where that fails."""

    call: Callable[[Sequence[str]], None] = _call
    running: Callable[[], bool] = _RUNNING.is_dir

    def take_over(self, started: Sequence[str], renewed: Sequence[str]) -> None:
        """Reads the units anew, starts some, and starts those again that run and whose code or text has changed."""
        if not self.running():
            return
        self.call(["daemon-reload"])
        if started:
            self.call(["start", *started])
        if renewed:
            # An audit under way is run again; nobody has to wait for that.
            self.call(["--no-block", "try-restart", *renewed])

    def begin(self, units: Sequence[str]) -> None:
        """Starts them."""
        if units and self.running():
            self.call(["start", *units])

    def end(self, units: Sequence[str]) -> None:
        """Stops them; what starts others comes first."""
        if units and self.running():
            self.call(["stop", *sorted(units, key=lambda unit: unit.endswith(".service"))])

    def forget(self) -> None:
        """Reads the units anew, after files were taken away."""
        if self.running():
            self.call(["daemon-reload"])
