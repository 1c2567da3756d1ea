"""Where everything goes, on this node or in the image of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nuage_chain.errors import BadConfig, IOFailure, NotAvailable

HOME = Path("/opt/nuage-chain")
CURRENT = HOME / "current"
MANIFEST = HOME / "manifest.json"
COMMAND = Path("/usr/local/bin/nuage-chain")
UNITS = Path("/etc/systemd/system")
TMPFILES = Path("/etc/tmpfiles.d/nuage-chain.conf")
SETTINGS = Path("/etc/nuage-chain")
CONFIG = SETTINGS / "config.yaml"
STATE, RUN = Path("/var/lib/nuage-chain"), Path("/run/nuage-chain")
NETWORKS = Path("/etc/cni/net.d")
PLUGIN = "nuage-chain"
# Where runtimes look: upstream's default, Debian's, Fedora's.
_USUAL = (Path("/opt/cni/bin"), Path("/usr/lib/cni"), Path("/usr/libexec/cni"))


@dataclass(frozen=True)
class Place:
    """root: `/`, or the folder of an image. All other paths are the node's own; `at` leads to them from here.

    plugins: the folders of CNI plugins; networks: that of network configurations.
    """

    root: Path
    plugins: tuple[Path, ...]
    networks: Path = NETWORKS

    @property
    def live(self) -> bool:
        """Whether it is the node that we run on."""
        return self.root == Path("/")

    def at(self, path: Path) -> Path:
        """The path as it is to be opened here."""
        return self.root / path.relative_to("/")


def plugin_folders(root: Path, chosen: Sequence[Path]) -> tuple[Path, ...]:
    """The folders of CNI plugins: the chosen ones, else each usual one that has `bridge`, which comes before us.

    Raises BadConfig for a chosen one that is not there, and where there is no usual one.
    """
    for folder in chosen:
        if not folder.is_absolute() or not (root / folder.relative_to("/")).is_dir():
            raise BadConfig(f"{folder} is not a folder.", hint="--cni-bin is where the runtime has its CNI plugins.")
    found = chosen or [f for f in _USUAL if (root / f.relative_to("/") / "bridge").exists()]
    if not found:
        raise BadConfig(
            f"No folder of CNI plugins was found: none of {', '.join(map(str, _USUAL))} has `bridge`.",
            hint="Install the reference plugins (Debian: containernetworking-plugins), or name one by --cni-bin.",
        )
    return tuple(found)


@contextlib.contextmanager
def alone(place: Place) -> Iterator[None]:
    """Keeps other installations and removals out. Raises NotAvailable while there is one, IOFailure."""
    home = place.at(HOME)
    try:
        home.mkdir(parents=True, exist_ok=True)
        fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as e:
        raise IOFailure(f"{home} cannot be made: {e.strerror}.") from e
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as e:
        raise NotAvailable("Another installation is at work.", hint="Wait for its end.") from e
    finally:
        os.close(fd)
