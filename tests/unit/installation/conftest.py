from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import pytest

from nuage_chain.attachment import sources
from nuage_chain.attachment.state import World
from nuage_chain.installation import networks
from nuage_chain.installation.install import Installation, Wish
from nuage_chain.installation.manifest import load
from nuage_chain.installation.place import Place
from nuage_chain.installation.release import Release
from nuage_chain.installation.uninstall import Removal
from nuage_chain.installation.units import Systemd


def not_called(words: Sequence[str]) -> None:
    raise AssertionError(words)


SYSTEMD = Systemd(call=not_called)


class Image:
    """The files of a node, as one installs into an image."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("etc", "opt/cni/bin", "usr/local/bin", "var/lib", "run"):
            (root / folder).mkdir(parents=True)
        self.place = Place(root, (Path("/opt/cni/bin"),))
        self.systemd = SYSTEMD
        self.told: list[str] = []

    def installation(self, code: str = "1", network: str = "10-nuage.conflist") -> Installation:
        """code: what the version is made of. network: the list to publish."""
        source = self.root.parent / f"code-{code}.py"
        source.write_text(f"CODE = {code!r}\n")
        release = Release(Path("/usr/bin/python3"), {PurePosixPath("nuage_chain/code.py"): source})
        wish = Wish(self.place, release, "#!/bin/true\n", network)
        return Installation(wish, World("node"), self.systemd, self.told.append)

    def install(self, code: str = "1", network: str = "10-nuage.conflist") -> str:
        """The name of the version."""
        self.installation(code, network).run()
        return self.at("/opt/nuage-chain/current").readlink().name

    def uninstall(self, *, purge: bool = False) -> None:
        found = load(self.place)
        assert found is not None
        Removal(self.place, found, self.systemd, self.told.append, purge).run()

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def tree(self) -> dict[str, str]:
        """Every path, with what is in it."""
        return {
            str(path.relative_to(self.root)): _content(path)
            for path in sorted(self.root.rglob("*"))
            if "__pycache__" not in path.parts
        }


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    return "a folder" if path.is_dir() else f"{path.stat().st_mode:o} {path.read_text()}"


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path / "image")


@pytest.fixture
def node(image: Image, monkeypatch: pytest.MonkeyPatch) -> Image:
    """One that is installed and taken for the node itself from here on, without systemd; its switch works."""
    image.install()
    image.systemd = Systemd(call=not_called, running=lambda: False)
    monkeypatch.setattr(Place, "live", True)
    monkeypatch.setattr(networks, "wait_until_ready", lambda *_: None)
    monkeypatch.setattr(sources, "layers", lambda _: [])
    return image


@pytest.fixture
def images(tmp_path: Path) -> Callable[[str], Image]:
    return lambda name: Image(tmp_path / name)
